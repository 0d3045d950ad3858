import { execFileSync } from 'node:child_process';
import { readTar } from '@colophon/debian';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { directory, file, inOrder, symlink, type Entry } from '../../src/tar/entry.ts';
import { readArchive } from '../../src/tar/reader.ts';
import { writeTar } from '../../src/tar/writer.ts';

const segment = fc
  .string({ unit: fc.constantFrom(...'abcdefghij-_.+~é漢 '.split('')), minLength: 1, maxLength: 60 })
  .filter((text) => !/^\.{1,2}$/.test(text));
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
const facts = {
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 31 }),
  gid: fc.integer({ min: 0, max: 2 ** 31 }),
  mtime: fc.integer({ min: 0, max: 2 ** 35 }),
};
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ path, type: fc.constant('file' as const), ...facts, content: fc.uint8Array({ maxLength: 2000 }) }),
  fc.record({ path, type: fc.constant('directory' as const), ...facts }),
  fc.record({ path, type: fc.constant('symlink' as const), ...facts, linkTarget: path }),
  fc.record({ path, type: fc.constant('hardlink' as const), ...facts, linkTarget: path }),
);
const flags = { file: '0', hardlink: '1', symlink: '2', directory: '5' };

describe('POSIX.1-2001 pax: what is written is read back', () => {
  test('by our reader of layers, every field', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const read = [...readArchive(writeTar(entries), 'test')];
        expect(read).toHaveLength(entries.length);
        for (const [index, one] of entries.entries()) {
          expect(read[index]).toMatchObject({
            path: one.path,
            flag: flags[one.type],
            mode: one.mode,
            uid: one.uid,
            gid: one.gid,
            mtime: one.mtime,
            linkTarget: one.linkTarget ?? '',
            userName: '',
            groupName: '',
            extended: [],
          });
          expect(Buffer.from(read[index]?.content ?? []).equals(Buffer.from(one.content ?? []))).toBe(true);
        }
      }),
    );
  });

  test('by the strict reader of packages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 5 }), async (entries) => {
        const stream = (async function* () {
          yield writeTar(entries);
        })();
        const read = [];
        for await (const one of readTar(stream, { file: 1e6, entries: 100, name: 4096 }, 'test')) read.push(one);
        expect(read.map((one) => [one.path, one.type, one.mode, one.mtime])).toEqual(
          entries.map((one) => [one.path, one.type, one.mode, one.mtime]),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('by GNU tar, names of every length', () => {
    const long = Array.from({ length: 30 }, (_, index) => `d${'x'.repeat(index)}`).join('/');
    const entries = inOrder([
      ...[90, 99, 100, 101, 154, 155, 156, 200, 254, 255, 256, 257, 300].map((length) =>
        file(long.slice(0, length).replace(/\/$/, 'y'), 'content', { mtime: 1 }),
      ),
      symlink('link', 'a'.repeat(101), 1),
    ]);
    const names = execFileSync('tar', ['-tf', '-'], { input: writeTar(entries), encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(names).toEqual(entries.map((one) => one.path));
  });
});

describe('deterministic', () => {
  test('a golden archive', () => {
    const bytes = writeTar([
      directory('.', { mtime: 0 }),
      directory('etc', { mtime: 7 }),
      file('etc/name', 'x', { mode: 0o4755, uid: 65534, gid: 65534, mtime: 1e9 }),
    ]);
    expect(bytes).toHaveLength(3 * 512 + 512 + 1024);
    const header = bytes.subarray(1024, 1536).toString('latin1');
    expect(header.slice(0, 157)).toBe(
      `etc/name${'\0'.repeat(92)}0004755\x000177776\x000177776\x0000000000001\x0007346545000\x00${header.slice(148, 156)}0`,
    );
    expect(header.slice(257)).toBe(`ustar\x0000${'\0'.repeat(64)}0000000\x000000000\x00${'\0'.repeat(167)}`);
    expect(bytes.subarray(0, 3).toString()).toBe('./\0');
  });

  test('an extended header only where it is needed, its keys in one order', () => {
    const plain = writeTar([file('a'.repeat(100), '', { mtime: 0 })]);
    expect(plain).toHaveLength(512 + 1024);
    const extended = writeTar([
      { ...file(`ü/${'b'.repeat(200)}`, '', { uid: 2 ** 21, gid: 2 ** 21, mtime: 2 ** 33 }), type: 'symlink', linkTarget: 'c'.repeat(101) },
    ]);
    expect([...extended.toString('utf8', 512, 1536).matchAll(/\d+ ([a-z]+)=/g)].map(([, key]) => key)).toEqual([
      'gid',
      'linkpath',
      'mtime',
      'path',
      'uid',
    ]);
  });

  test('entries are ordered by bytes, the root first', () => {
    const names = ['b', 'a/b', '.', 'a-b', 'a', 'é', '\u{1f600}', '\uff41'];
    expect(inOrder(names.map((path) => ({ path }))).map(({ path }) => path)).toEqual([
      '.',
      'a',
      'a-b',
      'a/b',
      'b',
      'é',
      '\uff41',
      '\u{1f600}',
    ]);
  });

  test('a negative time is refused', () => {
    expect(() => writeTar([file('a', '', { mtime: -1 })])).toThrow(expect.objectContaining({ code: 'IMAGE_LIMIT' }));
  });
});
