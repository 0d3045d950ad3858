import {
  chmodSync,
  closeSync,
  futimesSync,
  fchmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import type { RawEntry } from '@colophon/image';
import { runnerErrors } from '../../errors.ts';
import { idCount } from '../machine/mode.ts';
import type { Owner } from './owner.ts';

export interface RootfsLimits {
  readonly entries: number;
  readonly bytes: number;
}

export const rootfsLimits: RootfsLimits = { entries: 1_000_000, bytes: 32 * 2 ** 30 };

/** Counts over all layers of an image. */
export interface Usage {
  entries: number;
  bytes: number;
}

/**
 * Applies one layer to a directory that only we can reach (image-spec, layer.md). The image's maker controls names, links, ids and sizes: links in a path are followed
 * within the root only, as the step itself would; nothing leaves it. Ids are shifted, set-id bits dropped, devices refused.
 */
export function applyLayer(root: string, entries: Iterable<RawEntry>, owner: Owner, usage: Usage, limits = rootfsLimits): void {
  const directories: [path: string, mtime: number][] = [];
  owner.give(root, 0, 0);
  for (const entry of entries) {
    usage.entries += 1;
    usage.bytes += entry.flag === '0' || entry.flag === '7' ? entry.content.length : 0;
    if (usage.entries > limits.entries || usage.bytes > limits.bytes)
      throw runnerErrors.error('RUNNER_IMAGE_TOO_LARGE', `the image has more than ${limits.entries} entries or ${limits.bytes} bytes`);
    if (entry.path === '.') {
      chmodSync(root, (entry.mode & 0o1777) | 0o500);
      continue;
    }
    const parts = entry.path.split('/');
    if (parts.includes('..') || entry.path.includes('\0')) throw refuse(entry, 'its name leads out of the root');
    const parent = resolveParent(root, parts.slice(0, -1), entry, owner);
    const name = parts.at(-1) as string;
    if (whiteout(parent, name)) continue;
    writeEntry(root, join(parent, name), entry, owner, directories);
  }
  // A directory's time changes when something is put into it: last.
  for (const [path, mtime] of directories.toReversed()) utimesSync(path, mtime, mtime);
}

function refuse(entry: RawEntry, why: string): Error {
  return runnerErrors.error('RUNNER_IMAGE_INVALID', `the image's entry ${JSON.stringify(entry.path.slice(0, 300))} is refused: ${why}`);
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** The real directory for a path within the root; missing parts are made. */
function resolveParent(root: string, parts: readonly string[], entry: RawEntry, owner: Owner): string {
  let rest = [...parts];
  let current: string[] = [];
  for (let hops = 0; rest.length > 0;) {
    const part = rest.shift() as string;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      current.pop();
      continue;
    }
    const path = join(root, ...current, part);
    const found = statOf(path);
    if (found === undefined) {
      mkdirSync(path, 0o755);
      owner.give(path, 0, 0);
    } else if (found.isSymbolicLink()) {
      hops += 1;
      if (hops > 40) throw refuse(entry, 'its path has too many links');
      const target = readlinkSync(path);
      if (target.startsWith('/')) current = [];
      rest = [...target.split('/'), ...rest];
      continue;
    } else if (!found.isDirectory()) throw refuse(entry, 'a part of its path is a file');
    current.push(part);
  }
  return join(root, ...current);
}

function whiteout(parent: string, name: string): boolean {
  if (name === '.wh..wh..opq') {
    for (const child of readdirSync(parent)) rmSync(join(parent, child), { recursive: true, force: true });
    return true;
  }
  if (!name.startsWith('.wh.')) return false;
  const target = name.slice(4);
  if (target !== '' && target !== '.' && target !== '..') rmSync(join(parent, target), { recursive: true, force: true });
  return true;
}

function writeEntry(root: string, path: string, entry: RawEntry, owner: Owner, directories: [string, number][]): void {
  const uid = entry.uid % idCount;
  const gid = entry.gid % idCount;
  const mode = entry.mode & 0o1777;
  const found = statOf(path);
  if (entry.flag === '5') {
    if (found !== undefined && !found.isDirectory()) rmSync(path, { recursive: true, force: true });
    if (found === undefined || !found.isDirectory()) mkdirSync(path, mode);
    owner.give(path, uid, gid);
    chmodSync(path, mode);
    directories.push([path, entry.mtime]);
    return;
  }
  if (found !== undefined) rmSync(path, { recursive: true, force: true });
  switch (entry.flag) {
    case '0':
    case '7': {
      const file = openSync(path, 'wx', 0o600);
      try {
        for (let at = 0; at < entry.content.length;) at += writeSync(file, entry.content, at);
        owner.give(path, uid, gid);
        fchmodSync(file, mode);
        futimesSync(file, entry.mtime, entry.mtime);
      } finally {
        closeSync(file);
      }
      return;
    }
    case '1': {
      const target = entry.linkTarget.split('/').filter((part) => part !== '' && part !== '.');
      if (target.length === 0 || target.includes('..')) throw refuse(entry, 'its hard link leads out of the root');
      const source = join(resolveParent(root, target.slice(0, -1), entry, owner), target.at(-1) as string);
      if (statOf(source)?.isDirectory() !== false) throw refuse(entry, 'its hard link names nothing, or a directory');
      linkSync(source, path);
      return;
    }
    case '2':
      symlinkSync(entry.linkTarget, path);
      owner.give(path, uid, gid);
      lutimesSync(path, entry.mtime, entry.mtime);
      return;
    default:
      throw refuse(entry, `entries of type ${JSON.stringify(entry.flag)} (devices, FIFOs) have no place in an image`);
  }
}
