import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytewise } from '@colophon/core';
import type { Removed } from './prune.ts';

export interface Retire {
  /** Milliseconds since 1970: what was made later stays. */
  readonly cutoff: number;
  readonly dryRun: boolean;
  /** True as long as no run is unfinished. */
  readonly quiet: () => Promise<boolean>;
}

/**
 * Removes directories by whose names nothing asks: root file systems, source trees, packages. A run that begins meanwhile is in the store before it asks for one; so
 * each is renamed first, then the runs are looked at again, and with any that is unfinished it gets its name back.
 */
export async function retire(kind: Removed['kind'], parent: string, inUse: ReadonlySet<string>, options: Retire): Promise<Removed[]> {
  const removed: Removed[] = [];
  for (const name of await namesIn(parent)) {
    const path = join(parent, name);
    if (name.startsWith('.pruned-')) {
      if (!options.dryRun) await rm(path, { recursive: true, force: true });
      continue;
    }
    const found = await lstat(path).catch(() => undefined);
    if (name.startsWith('.') || inUse.has(name) || found?.isDirectory() !== true) continue;
    if (Math.max(found.mtimeMs, found.ctimeMs) >= options.cutoff) continue;
    if (!(await options.quiet())) break;
    const bytes = await sizeOf(path);
    if (!options.dryRun) {
      const hidden = join(parent, `.pruned-${randomUUID()}`);
      await rename(path, hidden);
      if (!(await options.quiet())) {
        await rename(hidden, path);
        break;
      }
      await rm(hidden, { recursive: true, force: true });
    }
    removed.push({ kind, name, bytes });
  }
  return removed;
}

/** Removes files that were neither written nor read since `cutoff`: uploads that nobody goes on with, caches, halves of downloads. */
export async function expire(kind: Removed['kind'], parent: string, cutoff: number, dryRun: boolean): Promise<Removed[]> {
  const removed: Removed[] = [];
  const entries = await readdir(parent, { withFileTypes: true, recursive: true }).catch(() => []);
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || Math.max(found.mtimeMs, found.atimeMs) >= cutoff) continue;
    if (!dryRun) await rm(path, { force: true });
    removed.push({ kind, name: path.slice(parent.length + 1), bytes: found.size });
  }
  return removed;
}

export async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = await readdir(directory).catch(() => []);
  return names.toSorted(compareBytewise);
}

async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}
