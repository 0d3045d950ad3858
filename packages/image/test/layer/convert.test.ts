import type { TarEntry, TarEntryType } from '@colophon/debian';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convertEntries, type ConversionOptions } from '../../src/layer/convert.ts';
import { usrMergeLinks } from '../../src/layer/links.ts';
import { documentation } from '../../src/layer/select.ts';

function entry(path: string, type: TarEntryType = 'file', more: Partial<TarEntry> = {}): TarEntry {
  const content = type === 'file' ? { content: Buffer.from(`content of ${path}`), size: 11 + path.length } : { size: 0 };
  return { path, type, mode: type === 'directory' ? 0o755 : 0o644, uid: 0, gid: 0, mtime: 100, ...content, ...more };
}

function convert(entries: readonly TarEntry[], options: Partial<ConversionOptions> = {}): string[] {
  return convertEntries(entries, { links: new Map(), ...options }, 'test').map(
    ({ path, type, linkTarget }) =>
      `${path}${type === 'directory' ? '/' : ''}${linkTarget === undefined ? '' : `${type === 'symlink' ? ' -> ' : ' = '}${linkTarget}`}`,
  );
}

const refused = expect.objectContaining({ code: 'IMAGE_ENTRY_REFUSED' });
const conflict = expect.objectContaining({ code: 'IMAGE_PATH_CONFLICT' });

describe('paths', () => {
  test('under /bin and /lib go under /usr; the links of base-files stay links', () => {
    const entries = [
      entry('bin', 'directory'),
      entry('bin/tool'),
      entry('lib/x.so'),
      entry('lib64', 'symlink', { linkTarget: 'usr/lib64' }),
    ];
    expect(convert(entries, { links: usrMergeLinks })).toEqual([
      'lib64 -> usr/lib64',
      'usr/',
      'usr/bin/',
      'usr/bin/tool',
      'usr/lib/',
      'usr/lib/x.so',
    ]);
  });

  test('through a symbolic link of the package are where it leads, relative, absolute or upwards', () => {
    const entries = [
      entry('usr/share/one', 'symlink', { linkTarget: '../lib/real' }),
      entry('usr/share/one/a'),
      entry('two', 'symlink', { linkTarget: '/usr/lib/real' }),
      entry('two/b'),
      entry('three', 'symlink', { linkTarget: '../../../../usr' }),
      entry('three/c'),
    ];
    const files = convert(entries).filter((path) => /\/[abc]$/.test(path));
    expect(files).toEqual(['usr/c', 'usr/lib/real/a', 'usr/lib/real/b']);
  });

  test('an absolute target is kept as written', () => {
    expect(convert([entry('etc/alternatives/x', 'symlink', { linkTarget: '/usr/bin/x' })])).toContain('etc/alternatives/x -> /usr/bin/x');
  });

  test('a file where a link to a directory is elsewhere', () => {
    expect(() => convert([entry('lib')], { links: usrMergeLinks })).toThrow(conflict);
    expect(() => convert([entry('opt/x')], { links: new Map([['opt/x', 'usr/x']]) })).toThrow(conflict);
  });
});

describe('entries', () => {
  test.each(['character', 'block', 'fifo'] as const)('a %s is refused', (type) =>
    expect(() => convert([entry('dev/null', type)])).toThrow(refused),
  );

  test('names that mean whiteouts are refused, in any directory', () => {
    expect(() => convert([entry('etc/.wh.passwd')])).toThrow(refused);
    expect(() => convert([entry('.wh..wh..opq/a')])).toThrow(refused);
  });

  test('setuid, setgid and sticky bits, owners and times stay; symbolic links have mode 0777', () => {
    const entries = [
      entry('su', 'file', { mode: 0o4755, uid: 1, gid: 42, mtime: 9 }),
      entry('tmp', 'directory', { mode: 0o1777 }),
      entry('local', 'directory', { mode: 0o2775, gid: 50 }),
    ];
    const [local, su, tmp] = convertEntries(entries, { links: new Map() }, 'test');
    expect(su).toMatchObject({ mode: 0o4755, uid: 1, gid: 42, mtime: 9 });
    expect(tmp).toMatchObject({ mode: 0o1777 });
    expect(local).toMatchObject({ mode: 0o2775, gid: 50 });
    expect(convertEntries([entry('l', 'symlink', { linkTarget: 'x', mode: 0o644 })], { links: new Map() }, 'test')[0]?.mode).toBe(0o777);
  });

  test('of duplicate directories and files the last wins', () => {
    const entries = [
      entry('d', 'directory', { mode: 0o755 }),
      entry('d/f', 'file', { mtime: 1 }),
      entry('d', 'directory', { mode: 0o700 }),
      entry('d/f', 'file', { mtime: 2 }),
    ];
    expect(convertEntries(entries, { links: new Map() }, 'test')).toMatchObject([
      { path: 'd', mode: 0o700 },
      { path: 'd/f', mtime: 2 },
    ]);
  });

  test('a path that is a directory and a file', () => {
    expect(() => convert([entry('a', 'directory'), entry('a')])).toThrow(conflict);
    expect(() => convert([entry('a'), entry('a/b')])).toThrow(conflict);
  });

  test('later times than the image’s are clamped', () => {
    expect(convertEntries([entry('a', 'file', { mtime: 500 })], { links: new Map(), clamp: 200 }, 'test')[0]?.mtime).toBe(200);
  });

  test('the root is not a package’s to change', () => {
    expect(convert([entry('.', 'directory', { mode: 0o777 }), entry('a')])).toEqual(['a']);
    expect(() => convert([entry('.', 'symlink', { linkTarget: '/tmp' })])).toThrow(conflict);
  });
});

describe('hard links', () => {
  const link = (path: string, to: string) => entry(path, 'hardlink', { linkTarget: to });

  test('the first in the layer’s order is the file, in whichever order the package has them', () => {
    const [one, two] = [convert([entry('b'), link('a', 'b'), link('c', 'b')]), convert([entry('b'), link('c', 'b'), link('a', 'b')])];
    expect(one).toEqual(['a', 'b = a', 'c = a']);
    expect(two).toEqual(one);
  });

  test('to what is excluded become the file', () => {
    const [kept] = convertEntries(
      [entry('usr/share/man/x'), link('usr/x', 'usr/share/man/x')],
      { links: new Map(), exclude: documentation },
      'test',
    ).filter(({ type }) => type !== 'directory');
    expect(kept).toMatchObject({ path: 'usr/x', type: 'file' });
  });

  test('are moved with a merged /usr', () => {
    expect(convert([entry('bin/a'), link('bin/b', 'bin/a')], { links: usrMergeLinks })).toContain('usr/bin/b = usr/bin/a');
  });

  test('to nothing, to a directory, or in circles are refused', () => {
    expect(() => convert([link('a', 'missing')])).toThrow(refused);
    expect(() => convert([entry('d', 'directory'), link('a', 'd')])).toThrow(refused);
    expect(() => convert([link('a', 'b'), link('b', 'a')])).toThrow(refused);
  });
});

describe('selection', () => {
  const entries = [
    entry('usr/share/doc/x/copyright'),
    entry('usr/share/doc/x/changelog.gz'),
    entry('usr/share/man/man1/x.1'),
    entry('usr/bin/x'),
    entry('empty', 'directory'),
  ];

  test('documentation goes, licences stay', () => {
    expect(convert(entries, { exclude: documentation })).toEqual([
      'empty/',
      'usr/',
      'usr/bin/',
      'usr/bin/x',
      'usr/share/',
      'usr/share/doc/',
      'usr/share/doc/x/',
      'usr/share/doc/x/copyright',
    ]);
  });

  test('only what is included, with the directories above it', () => {
    expect(convert(entries, { include: ['/usr/bin/*'] })).toEqual(['usr/', 'usr/bin/', 'usr/bin/x']);
    expect(convert(entries, { include: ['**/x'] })).toContain('usr/bin/x');
    expect(convert(entries, { include: ['usr/*/x'] })).toContain('usr/bin/x');
    expect(convert(entries, { include: ['usr/*'] })).toEqual([]);
  });

  test('a pattern of many stars is no slower', () => {
    const path = Array.from({ length: 200 }, () => 'a').join('/');
    expect(convert([entry(path)], { include: [`${'**/a/'.repeat(40)}b`] })).toEqual([]);
  });
});

test('the order of a package’s entries does not matter', () => {
  const entries = [
    entry('usr', 'directory'),
    entry('usr/a'),
    entry('usr/b', 'hardlink', { linkTarget: 'usr/a' }),
    entry('lib/c'),
    entry('usr/l', 'symlink', { linkTarget: '/lib' }),
    entry('usr/l/d'),
  ];
  const expected = convert(entries, { links: usrMergeLinks });
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
      expect(convert(shuffled, { links: usrMergeLinks })).toEqual(expected);
    }),
  );
});
