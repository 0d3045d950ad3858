import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '@colophon/core';
import type { Tools } from './machine/tools.ts';
import { diskMountOptions, makeDisk } from './sandbox/disk.ts';
import { runHelper } from './sandbox/process.ts';

/** Directories that outlive a task and that steps write to (claims, images workspaces), each on a disk of its own where this machine can. */
export interface Claims {
  /** Makes it ready: a new one gets a disk of so many bytes, an old one is mounted. Idempotent; concurrent callers share it. */
  ensure(path: string, bytes: number): Promise<void>;
  /** Mounts one that has a disk. */
  open(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Without disks: directories as they are, bounded by nothing but the machine. */
export const plainClaims: Claims = { ensure: async () => {}, open: async () => {}, close: async () => {} };

/**
 * Claims on disks beside them (`PATH.disk`), mounted in the host's own mount namespace. The control plane removes both by ordinary means: a mount
 * point that is removed elsewhere takes the mount with it (rename(2), unlink(2): since Linux 3.18).
 */
export function diskClaims(tools: Tools): Claims {
  const running = new Map<string, Promise<void>>();
  const mounted = new Set<string>();

  async function mount(path: string, bytes: number | undefined): Promise<void> {
    if (await isMountPoint(path)) return;
    const disk = `${path}.disk`;
    if (!(await exists(disk))) {
      // A directory that was filled by someone else stays what it is.
      if (bytes === undefined || (await readdir(path)).length > 0) return;
      await makeDisk(tools, disk, bytes);
    }
    await runHelper(tools.mount ?? 'mount', ['-o', diskMountOptions, disk, path]);
    mounted.add(path);
  }

  const once = (path: string, bytes: number | undefined): Promise<void> => {
    const now = (running.get(path) ?? Promise.resolve()).then(() => mount(path, bytes));
    const settled = now.catch(() => {});
    running.set(path, settled);
    void settled.then(() => void (running.get(path) === settled && running.delete(path)));
    return now;
  };

  return {
    async ensure(path, bytes) {
      await mkdir(path, { recursive: true });
      await once(path, bytes);
    },
    open: (path) => once(path, undefined),
    async close() {
      for (const path of mounted) await runHelper(tools.umount ?? 'umount', ['-l', path]).catch(() => {});
    },
  };
}

async function isMountPoint(path: string): Promise<boolean> {
  // Device numbers differ, and mountinfo tells of bind mounts too.
  const [own, parent] = await Promise.all([stat(path), stat(dirname(path))]);
  if (own.dev !== parent.dev) return true;
  return (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').some((line) => line.split(' ')[4] === path);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => (errorCode(error) === 'ENOENT' ? false : Promise.reject(error)),
  );
}
