import { lchownSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { relative } from 'node:path';
import { errorCode } from '@colophon/core';
import { firstId, type HostMode } from '../machine/mode.ts';
import type { Tools } from '../machine/tools.ts';
import { runHelper } from '../sandbox/process.ts';

/**
 * How files get the owners that an image gives them. `shifted`: by the host's root, id 0 as `firstId` and so on. `later`: they are noted, and given
 * in a user namespace with a range of ids. `none`: one id owns all.
 */
export type Ownership = 'shifted' | 'later' | 'none';

export interface Owner {
  /** Follows no link. Ids are the image's. */
  give(path: string, uid: number, gid: number): void;
  later(): LaterOwners;
}

export type LaterOwners = readonly (readonly [path: string, owner: string])[];

export function ownershipOf(mode: HostMode): Ownership {
  if (mode.kind === 'root') return 'shifted';
  return mode.ids === 'range' ? 'later' : 'none';
}

export function ownerFor(ownership: Ownership): Owner {
  const noted = new Map<string, string>();
  return {
    give(path, uid, gid) {
      if (ownership === 'shifted') lchownSync(path, uid + firstId, gid + firstId);
      if (ownership !== 'later') return;
      // What belongs to root belongs to us already.
      if (uid === 0 && gid === 0) noted.delete(path);
      else noted.set(path, `${uid}:${gid}`);
    },
    later: () => [...noted],
  };
}

/** Gives noted owners, many files at a time. */
export async function giveLater(root: string, owners: LaterOwners, tools: Tools): Promise<void> {
  const byOwner = new Map<string, string[]>();
  for (const [path, owner] of owners) {
    const there = await lstat(path).catch((error: unknown) =>
      ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '') ? undefined : Promise.reject(error),
    );
    if (there !== undefined) byOwner.set(owner, [...(byOwner.get(owner) ?? []), `./${relative(root, path)}`]);
  }
  for (const [owner, paths] of byOwner)
    for (let at = 0; at < paths.length; at += 500)
      await runHelper(
        tools.unshare ?? 'unshare',
        ['--user', '--map-root-user', '--map-auto', 'chown', '-h', owner, '--', ...paths.slice(at, at + 500)],
        { cwd: root },
      );
}
