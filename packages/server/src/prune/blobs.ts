import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '@colophon/core';
import { openBlobStore, type BlobStore } from '@colophon/store';
import { join } from 'node:path';
import type { DataDirectory } from '../config/data-directory.ts';
import { namedByBuilds, namedByLocks, namedByRegistry, openLogKeys, withContents, type Live } from './live.ts';
import { takeInventory, unfinished, type PruneObjects } from './objects.ts';
import { openQuarantine } from './quarantine.ts';
import type { Removed } from './prune.ts';

export interface PruneBlobs {
  readonly directory: DataDirectory;
  readonly objects: PruneObjects;
  /** Of builds that stay. */
  readonly live: Live;
  /** Hex digests of root file systems that stay: what their manifests name is needed to use them again. */
  readonly rootfs: ReadonlySet<string>;
  /** Files newer than this (milliseconds since 1970) stay. */
  readonly newest: number;
  /** Milliseconds between hiding and removing; 0: no server runs. */
  readonly pause: number;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Removes blobs that neither registry, builds, locks, step images nor the log names. Undefined: it cannot be told now. */
export async function pruneBlobs(options: PruneBlobs): Promise<Removed[] | undefined> {
  const { directory, newest, pause, dryRun } = options;
  const blobs = await openBlobStore(directory.blobs);
  const named = await namedNow(options, blobs);
  if (named === undefined) return undefined;
  const candidates: { digest: Digest; size: number }[] = [];
  for await (const { digest, size, modified } of blobs.list()) {
    if (modified < newest && !named(digest)) candidates.push({ digest, size });
  }
  const busy = unfinished(await takeInventory(options.objects)) > 0;
  const chosen: typeof candidates = [];
  // A run that is just fetching packages names them nowhere yet: while any run is unfinished, what comes from the archive stays.
  for (const candidate of candidates) if (!busy || !(await isFromArchive(blobs.path(candidate.digest)))) chosen.push(candidate);
  if (chosen.length === 0) return [];
  if (!dryRun) chosen.splice(0, chosen.length, ...(await remove(chosen, options, blobs, pause)));
  return chosen.map(({ digest, size }) => ({ kind: 'blob', name: digest, bytes: size }));
}

async function remove(
  chosen: readonly { digest: Digest; size: number }[],
  options: PruneBlobs,
  blobs: BlobStore,
  pause: number,
): Promise<{ digest: Digest; size: number }[]> {
  const quarantine = await openQuarantine(options.directory.root, blobs);
  const hidden: (typeof chosen)[number][] = [];
  const gone: (typeof chosen)[number][] = [];
  try {
    for (const candidate of chosen) {
      options.signal?.throwIfAborted();
      if (await quarantine.add(candidate.digest)) hidden.push(candidate);
    }
    await sleep(pause, undefined, { signal: options.signal });
    // Builds too are looked at anew: what was attested meanwhile may name what was not named before.
    const live = namedByBuilds((await takeInventory(options.objects)).builds);
    const named = await namedNow({ ...options, live }, blobs);
    for (const candidate of hidden.splice(0)) {
      if (named === undefined || named(candidate.digest)) await quarantine.giveBack(candidate.digest);
      else {
        await quarantine.remove(candidate.digest);
        gone.push(candidate);
      }
    }
  } finally {
    for (const { digest } of hidden) await quarantine.giveBack(digest);
  }
  return gone;
}

async function namedNow({ directory, live, rootfs }: PruneBlobs, blobs: BlobStore): Promise<((digest: Digest) => boolean) | undefined> {
  const keys = await openLogKeys(directory);
  if (keys === undefined) return undefined;
  const registry = await namedByRegistry(directory, blobs);
  const locks = await namedByLocks(join(directory.inputs, 'packages'));
  const images = await withContents([...live.images, ...[...rootfs].map((hex): Digest => `sha256:${hex}`)], blobs);
  return (digest) => registry.has(digest) || live.blobs.has(digest) || locks.has(digest) || images.has(digest) || keys.names(digest);
}

/** A .deb, a package index or an InRelease, by its first bytes. */
async function isFromArchive(path: string): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return true;
  try {
    const { buffer } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    const start = buffer.toString('latin1');
    return start.startsWith('!<arch>\n') || start.startsWith('\xfd7zXZ\0') || start.startsWith('-----BEGIN PGP');
  } finally {
    await handle.close();
  }
}
