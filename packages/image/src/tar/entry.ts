import { compareBytewise } from '@colophon/core';

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink';

/** What a layer of ours may hold: no devices, no extended attributes, ids in numbers. */
export interface Entry {
  /** Relative, without `./` and closing slash; the root is `.`. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  /** Of files. */
  readonly content?: Uint8Array;
  /** Of a symlink as written; of a hard link a path of the same layer. */
  readonly linkTarget?: string;
}

/** The one order of a layer's entries: by the bytes of the path, so that a directory stands before what it holds. */
export function inOrder<Item extends { readonly path: string }>(entries: Iterable<Item>): Item[] {
  return [...entries].sort((left, right) => (left.path === '.' ? -1 : right.path === '.' ? 1 : compareBytewise(left.path, right.path)));
}

/** The directory above a path; of the root the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
}

export function directory(path: string, facts: { mode?: number; uid?: number; gid?: number; mtime: number }): Entry {
  return { path, type: 'directory', mode: facts.mode ?? 0o755, uid: facts.uid ?? 0, gid: facts.gid ?? 0, mtime: facts.mtime };
}

export function file(
  path: string,
  content: string | Uint8Array,
  facts: { mode?: number; uid?: number; gid?: number; mtime: number },
): Entry {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return { path, type: 'file', mode: facts.mode ?? 0o644, uid: facts.uid ?? 0, gid: facts.gid ?? 0, mtime: facts.mtime, content: bytes };
}

export function symlink(path: string, linkTarget: string, mtime: number): Entry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime, linkTarget };
}
