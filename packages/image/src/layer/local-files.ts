import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytewise } from '@colophon/core';
import { imageErrors } from '../errors.ts';
import { directory, file, symlink, type Entry } from '../tar/entry.ts';

/** A file or tree of the local files' directory, and how it stands in the image. */
export interface LocalFiles {
  readonly source: string;
  readonly path: string;
  /** Of the file, or of every file of the tree. Default: 0755 where the owner may execute it, else 0644. */
  readonly mode?: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
}

/**
 * Reads a local file or tree. Of the file system only names, contents, link targets and the owner's execute bit count:
 * not owner, umask, times or directory order. A symbolic link in the tree stays one; none is followed, so nothing
 * outside `root` is read. Throws IMAGE_FILE_MISSING, IMAGE_FILE_REFUSED, IMAGE_LIMIT.
 */
export async function localEntries(root: string, files: LocalFiles, limit = 2 ** 31 - 1): Promise<Entry[]> {
  const base = await realpath(root);
  const source = files.source.split('/').filter((part) => part !== '' && part !== '.');
  let path = base;
  for (const part of source) {
    path = join(path, part);
    const facts = await lstat(path).catch(() => undefined);
    if (facts === undefined) throw imageErrors.error('IMAGE_FILE_MISSING', `${files.source} is not in the local files`);
    if (part === '..' || facts.isSymbolicLink()) throw imageErrors.error('IMAGE_FILE_REFUSED', `${files.source} leads through ${part}`);
  }
  const entries: Entry[] = [];
  await read(path, files.path, files, entries, { left: limit });
  return entries;
}

async function read(from: string, to: string, files: LocalFiles, entries: Entry[], budget: { left: number }): Promise<void> {
  const { uid, gid, mtime } = files;
  const facts = await lstat(from);
  if (to.split('/').some((part) => part.startsWith('.wh.')))
    throw imageErrors.error('IMAGE_FILE_REFUSED', `${to} has a name that means a whiteout in a layer`);
  if (facts.isDirectory()) {
    if (to !== '.') entries.push(directory(to, { uid, gid, mtime }));
    const names = (await readdir(from)).sort(compareBytewise);
    for (const name of names) await read(join(from, name), to === '.' ? name : `${to}/${name}`, files, entries, budget);
  } else if (facts.isSymbolicLink()) {
    entries.push({ ...symlink(to, await readlink(from), mtime), uid, gid });
  } else if (facts.isFile()) {
    const content = await contentOf(from, budget);
    const mode = files.mode ?? ((facts.mode & 0o100) === 0 ? 0o644 : 0o755);
    entries.push(file(to, content, { mode, uid, gid, mtime }));
  } else {
    throw imageErrors.error('IMAGE_FILE_REFUSED', `${files.source}: ${to} is neither file, directory nor symbolic link`);
  }
}

async function contentOf(path: string, budget: { left: number }): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await handle.stat();
    if ((budget.left -= size) < 0) throw imageErrors.error('IMAGE_LIMIT', `the local files are too large at ${path}`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
