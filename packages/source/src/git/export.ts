import { lutimes, mkdir, open, symlink, utimes } from 'node:fs/promises';
import { sourceErrors } from '../errors.ts';
import { parseTree, type ObjectReader, type TreeEntry } from './objects.ts';

export interface TreeLimits {
  /** Files, symbolic links and directories together. */
  readonly entries: number;
  /** Bytes of all files together. */
  readonly bytes: number;
  readonly fileBytes: number;
  readonly depth: number;
}

export const defaultLimits: TreeLimits = { entries: 200_000, bytes: 2 ** 31, fileBytes: 2 ** 28, depth: 64 };

export interface ExportResult {
  readonly files: number;
  readonly bytes: number;
  /** Paths of submodules: an empty directory stands in their place; what they point to is never fetched. */
  readonly submodules: readonly { path: string; commit: string }[];
}

/**
 * Writes a tree into an empty directory that only we can reach. The committer controls names, modes, link targets and sizes:
 * names that git itself would never check out are refused, links are made but never followed, and every file is created exclusively.
 */
export async function exportTree(
  reader: ObjectReader,
  tree: string,
  directory: string,
  time: number,
  limits = defaultLimits,
): Promise<ExportResult> {
  const state = { entries: 0, files: 0, bytes: 0, submodules: [] as { path: string; commit: string }[] };

  async function walk(id: string, parent: Buffer, path: string, depth: number): Promise<void> {
    if (depth > limits.depth) throw sourceErrors.error('SOURCE_TOO_LARGE', `${path} is nested deeper than ${limits.depth}`);
    for (const entry of parseTree(await reader.read(id))) {
      checkName(entry, path);
      state.entries += 1;
      if (state.entries > limits.entries) throw sourceErrors.error('SOURCE_TOO_LARGE', `the tree has more than ${limits.entries} entries`);
      const target = Buffer.concat([parent, Buffer.from('/'), entry.name]);
      const name = `${path}${path === '' ? '' : '/'}${entry.name.toString()}`;
      await write(entry, target, name, depth);
    }
  }

  async function write(entry: TreeEntry, target: Buffer, name: string, depth: number): Promise<void> {
    switch (entry.mode) {
      case '040000':
        await mkdir(target, { mode: 0o755 });
        await walk(entry.id, target, name, depth + 1);
        return utimes(target, time, time);
      case '160000':
        state.submodules.push({ path: name, commit: entry.id });
        return mkdir(target, { mode: 0o755 }).then(() => utimes(target, time, time));
      case '120000': {
        const { data } = await reader.read(entry.id, 4096);
        await symlink(data, target);
        return lutimes(target, time, time);
      }
      default: {
        const { data, type } = await reader.read(entry.id, limits.fileBytes);
        if (type !== 'blob') throw sourceErrors.error('SOURCE_OBJECT_INVALID', `${name} is a ${type}, not a file`);
        state.files += 1;
        state.bytes += data.length;
        if (state.bytes > limits.bytes) throw sourceErrors.error('SOURCE_TOO_LARGE', `the tree has more than ${limits.bytes} bytes`);
        const file = await open(target, 'wx', entry.mode === '100755' ? 0o755 : 0o644);
        try {
          await file.writeFile(data);
          await file.chmod(entry.mode === '100755' ? 0o755 : 0o644);
          await file.utimes(time, time);
        } finally {
          await file.close();
        }
      }
    }
  }

  await walk(tree, Buffer.from(directory), '', 0);
  return { files: state.files, bytes: state.bytes, submodules: state.submodules };
}

const modes = new Set(['040000', '100644', '100755', '100664', '120000', '160000']);

/** The names that git refuses too (`verify_path`), with the disguises of HFS+ and NTFS. */
export function checkName(entry: TreeEntry, parent: string): void {
  const name = entry.name.toString('latin1');
  const plain = entry.name
    .toString()
    .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu, '')
    .toLowerCase();
  const bad =
    name === '' ||
    name === '.' ||
    name === '..' ||
    name.includes('/') ||
    name.includes('\0') ||
    name.length > 255 ||
    /^(?:\.git|git~[0-9]+)[ .]*(?::|$)/.test(plain);
  if (bad)
    throw sourceErrors.error(
      'SOURCE_TREE_REFUSED',
      `the tree has an entry named ${JSON.stringify(entry.name.toString())} in ${parent === '' ? 'its root' : parent}`,
    );
  if (!modes.has(entry.mode)) throw sourceErrors.error('SOURCE_TREE_REFUSED', `${name} has mode ${entry.mode}`);
}
