import type { Tree } from '../build/tree.ts';
import { file, type Entry } from '../tar/entry.ts';
import { compareLibraryNames, scanLibraries, type Library } from './library-scan.ts';
import { stringTable } from './string-table.ts';

const generator = 'colophon ld.so.cache 1';
const headerSize = 48;
const entrySize = 24;
/** cache_extension_magic of sysdeps/generic/dl-cache.h. */
const extensionMagic = 0xeaa42174;

/** /etc/ld.so.cache and the soname links that are missing, as `ldconfig -r TREE` would make them; nothing without libraries. */
export function libraryCacheEntries(tree: Tree, architecture: string): Entry[] {
  const { libraries, links } = scanLibraries(tree, architecture);
  if (libraries.length === 0) return [];
  return [file('etc/ld.so.cache', formatLibraryCache(libraries, { bigEndian: architecture === 's390x' }), { mtime: 0 }), ...links];
}

/**
 * The format `glibc-ld.so.cache1.1` (sysdeps/generic/dl-cache.h: struct cache_file_new and file_entry_new), with the
 * extension that names the generator. Byte for byte what ldconfig of glibc 2.36 and 2.41 writes, but for that name.
 */
export function formatLibraryCache(libraries: readonly Library[], options: { bigEndian?: boolean; generator?: string } = {}): Buffer {
  const little = options.bigEndian !== true;
  const sorted = libraries.toSorted((left, right) => compareLibraryNames(right.soname, left.soname) || right.flags - left.flags);
  const strings = stringTable(sorted.flatMap(({ soname, path }) => [soname, path]));
  const stringsAt = headerSize + sorted.length * entrySize;
  const extensionAt = Math.ceil((stringsAt + strings.bytes.length) / 4) * 4;
  const name = Buffer.from(options.generator ?? generator);
  const out = Buffer.alloc(extensionAt + 24 + name.length);
  const word = (value: number, at: number) => (little ? out.writeUInt32LE(value, at) : out.writeUInt32BE(value, at));
  out.write('glibc-ld.so.cache1.1', 0, 'latin1');
  word(sorted.length, 20);
  word(strings.bytes.length, 24);
  out[28] = little ? 2 : 3;
  word(extensionAt, 32);
  for (const [index, { soname, path, flags }] of sorted.entries()) {
    const at = headerSize + index * entrySize;
    word(flags, at);
    word(stringsAt + strings.offset(soname), at + 4);
    word(stringsAt + strings.offset(path), at + 8);
  }
  strings.bytes.copy(out, stringsAt);
  word(extensionMagic, extensionAt);
  word(1, extensionAt + 4);
  word(extensionAt + 24, extensionAt + 16);
  word(name.length, extensionAt + 20);
  name.copy(out, extensionAt + 24);
  return out;
}
