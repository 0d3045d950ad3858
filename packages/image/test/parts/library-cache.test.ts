import { describe, expect, test } from 'vitest';
import { createTree } from '../../src/build/tree.ts';
import type { EntryFacts } from '../../src/layer/record.ts';
import { formatLibraryCache, libraryCacheEntries } from '../../src/parts/library-cache.ts';
import { compareLibraryNames, scanLibraries } from '../../src/parts/library-scan.ts';
import { stringTable } from '../../src/parts/string-table.ts';

const facts = { mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 1 };
const library = (path: string, soname: string | null, flags = 0x303): EntryFacts => ({
  ...facts,
  path,
  type: 'file',
  library: { soname, flags },
});
const link = (path: string, linkTarget: string): EntryFacts => ({ ...facts, path, type: 'symlink', linkTarget });
const config = (path: string, text: string): EntryFacts => ({ ...facts, path, type: 'file', text });
const treeOf = (entries: EntryFacts[]) => {
  const tree = createTree();
  tree.apply(entries, 0, 'test');
  return tree;
};
const multiarch = 'usr/lib/x86_64-linux-gnu';

describe('glibc dl-cache.c: order of names', () => {
  test.each([
    ['libm.so.6', 'libm.so.10', -1],
    ['libc.so.6', 'libc.so.6', 0],
    ['liba', 'lib1', -1],
    ['lib1', 'liba', 1],
    ['liba', 'libab', -1],
    ['lib010', 'lib9', 1],
  ])('%s and %s', (left, right, sign) => expect(Math.sign(compareLibraryNames(left, right))).toBe(sign));
});

test('glibc stringtable.c: an ending of a string is not stored again', () => {
  const table = stringTable(['libz.so', '/lib/libz.so', 'other', 'so']);
  expect(table.bytes.toString('latin1')).toBe('other\0/lib/libz.so\0');
  expect([table.offset('libz.so'), table.offset('/lib/libz.so'), table.offset('so'), table.offset('other')]).toEqual([11, 6, 16, 0]);
});

describe('ldconfig.c, search_dir: what is found', () => {
  test('by soname, through the links of a merged /usr, and the link that is missing is made', () => {
    const tree = treeOf([
      link('lib', 'usr/lib'),
      library(`${multiarch}/libz.so.1.3`, 'libz.so.1'),
      library(`${multiarch}/liby.so.2`, 'liby.so.2'),
      link(`${multiarch}/liby.so`, 'liby.so.2'),
    ]);
    const { libraries, links } = scanLibraries(tree, 'amd64');
    const names = ['liby.so', 'liby.so.2', 'libz.so.1'];
    expect(libraries.map(({ path }) => path).sort()).toEqual(names.map((name) => `/lib/x86_64-linux-gnu/${name}`));
    expect(links).toMatchObject([{ path: `${multiarch}/libz.so.1`, type: 'symlink', linkTarget: 'libz.so.1.3' }]);
  });

  test('of two files for one soname the newer', () => {
    const tree = treeOf([library('usr/lib/liba.so.1.9', 'liba.so.1'), library('usr/lib/liba.so.1.10', 'liba.so.1')]);
    expect(scanLibraries(tree, 'amd64').links).toMatchObject([{ linkTarget: 'liba.so.1.10' }]);
  });

  test('what ld.so.conf and its includes name comes first, each directory once', () => {
    const tree = treeOf([
      config('etc/ld.so.conf', 'include /etc/ld.so.conf.d/*.conf\n'),
      config('etc/ld.so.conf.d/b.conf', '/opt/lib # comment\n'),
      config('etc/ld.so.conf.d/a.conf', '# none\n/usr/lib\n'),
      library('opt/lib/liba.so.1', 'liba.so.1'),
      library('usr/lib/libb.so.1', 'libb.so.1'),
    ]);
    expect(scanLibraries(tree, 'amd64').libraries.map(({ path }) => path)).toEqual(['/usr/lib/libb.so.1', '/opt/lib/liba.so.1']);
  });

  test('a file without a soname goes by its name; what is no library is passed over', () => {
    const tree = treeOf([
      library('usr/lib/libx.so', null),
      { ...facts, path: 'usr/lib/liby.so', type: 'file' },
      link('usr/lib/libdangling.so.1', 'nowhere'),
    ]);
    expect(scanLibraries(tree, 'amd64').libraries).toEqual([{ soname: 'libx.so', path: '/usr/lib/libx.so', flags: 0x303 }]);
  });

  test('no libraries, no cache', () => expect(libraryCacheEntries(treeOf([]), 'amd64')).toEqual([]));
});

test('the format glibc-ld.so.cache1.1, both byte orders', () => {
  for (const bigEndian of [false, true]) {
    const cache = formatLibraryCache([{ soname: 'liba.so.1', path: '/lib/liba.so.1', flags: 0x303 }], { bigEndian });
    const word = (at: number) => (bigEndian ? cache.readUInt32BE(at) : cache.readUInt32LE(at));
    expect(cache.toString('latin1', 0, 20)).toBe('glibc-ld.so.cache1.1');
    expect([word(20), word(24), cache[28]]).toEqual([1, 15, bigEndian ? 3 : 2]);
    expect(word(48)).toBe(0x303);
    expect(cache.toString('latin1', word(56), word(56) + 15)).toBe('/lib/liba.so.1\0');
    expect(word(52)).toBe(word(56) + 5);
    expect(word(word(32))).toBe(0xeaa42174);
  }
});
