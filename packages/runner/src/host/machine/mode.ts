import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Tools } from './tools.ts';

/** How the host itself runs, which decides how well steps are kept apart. */
export interface HostMode {
  /** `root`: the host has root's rights and gives steps ids of their own. `rootless`: everything is done with the rights of one user. */
  readonly kind: 'root' | 'rootless';
  /**
   * `range`: 65,536 ids, so that users of an image are told apart. `single`: one id; whatever user a step asks for, it owns
   * all files of its sandbox (the kernel lets an unprivileged process map no more without newuidmap).
   */
  readonly ids: 'range' | 'single';
}

/**
 * Ids of a step on a root host: 0 to 65535 inside are these outside, so that root inside is nobody outside. Away from the ranges that
 * useradd gives to users (SUB_UID_MAX, 600,100,000) and that systemd gives to its containers (up to 1,879,048,191). In every data directory: it never changes.
 */
export const firstId = 2_000_000_000;
export const idCount = 65_536;

export function hostMode(tools: Tools, uid = process.getuid?.() ?? -1): HostMode {
  if (uid === 0) return { kind: 'root', ids: 'range' };
  return { kind: 'rootless', ids: tools.newuidmap !== undefined && hasSubordinateIds(uid) ? 'range' : 'single' };
}

/** subuid(5): `name-or-uid:first:count`. */
export function hasSubordinateIds(uid: number, file = '/etc/subuid'): boolean {
  const names = [String(uid)];
  try {
    names.push(userInfo().username);
  } catch {
    // No passwd entry: only the number can stand in the file.
  }
  return readLines(file).some((line) => {
    const [who, , count] = line.split(':');
    return who !== undefined && names.includes(who) && Number(count) >= idCount - 1;
  });
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** The word for the mode in records and in builder.id (`PUBLIC_URL/builders/MODE`). */
export function modeName(mode: HostMode): 'sandbox' | 'sandbox-rootless' {
  return mode.kind === 'root' ? 'sandbox' : 'sandbox-rootless';
}
