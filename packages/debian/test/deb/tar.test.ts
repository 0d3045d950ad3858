// POSIX.1-1988 ustar, POSIX.1-2001 pax, and GNU tar's format (tar.info, "Standard Format", "GNU Format").
import { describe, expect, it } from 'vitest';
import { readTar, type TarEntry } from '../../src/deb/tar.ts';
import { paxRecord, tar, type TestEntry } from '../support/tar.ts';

const limits = { file: 10_000, entries: 10, name: 300 };

async function read(bytes: Uint8Array, chunk = 700): Promise<TarEntry[]> {
  async function* chunks() {
    for (let start = 0; start < bytes.length; start += chunk) yield bytes.subarray(start, start + chunk);
  }
  const entries: TarEntry[] = [];
  for await (const entry of readTar(chunks(), limits, 'test.tar')) entries.push(entry);
  return entries;
}

const code = (name: string) => expect.objectContaining({ code: name });
const long = `usr/${'a'.repeat(98)}/${'b'.repeat(98)}`;

describe('tar', () => {
  it('gives every kind of entry, in order, duplicates too', async () => {
    const entries = await read(
      tar([
        { name: './', type: '5' },
        { name: './usr/', type: '5', mode: 0o2755, uid: 3, gid: 50 },
        { name: './usr/a', content: 'hello', mode: 0o4755, mtime: 1_234_567_890 },
        { name: './usr/b', type: '1', link: './usr/a' },
        { name: './usr/c', type: '2', link: '../../../etc/passwd' },
        { name: './usr/a', content: 'again' },
        { name: './dev/null', type: '3', edit: (block) => (block.write('0000001\0', 329), block.write('0000003\0', 337)) },
        { name: './p', type: '6' },
      ]),
    );
    expect(entries.map(({ path, type }) => `${type} ${path}`)).toEqual([
      'directory .',
      'directory usr',
      'file usr/a',
      'hardlink usr/b',
      'symlink usr/c',
      'file usr/a',
      'character dev/null',
      'fifo p',
    ]);
    expect(entries[1]).toMatchObject({ mode: 0o2755, uid: 3, gid: 50 });
    expect(entries[2]).toMatchObject({ mode: 0o4755, mtime: 1_234_567_890, size: 5 });
    expect(Buffer.from(entries[2]?.content ?? []).toString()).toBe('hello');
    expect(entries[3]?.linkTarget).toBe('usr/a');
    expect(entries[4]?.linkTarget).toBe('../../../etc/passwd');
    expect(entries[6]?.device).toEqual({ major: 1, minor: 3 });
  });

  it.each<[string, TestEntry[]]>([
    [
      'a GNU long name',
      [
        { name: '././@LongLink', type: 'L', content: `./${long}\0` },
        { name: long.slice(0, 99), content: 'x' },
      ],
    ],
    ['a ustar prefix', [{ name: 'b'.repeat(98), prefix: `usr/${'a'.repeat(98)}`, dialect: 'ustar', content: 'x' }]],
    [
      'a PAX path',
      [
        { name: 'PaxHeaders/x', type: 'x', dialect: 'ustar', content: paxRecord('mtime', '12.5') + paxRecord('path', `./${long}`) },
        { name: 'short', dialect: 'ustar', content: 'x' },
      ],
    ],
  ])('reads %s', async (_title, entries) => {
    expect((await read(tar(entries))).map(({ path }) => path)).toEqual([long]);
  });

  it('a PAX header holds for one entry only, and GNU long links are read', async () => {
    const entries = await read(
      tar([
        { name: 'p', type: 'x', content: paxRecord('path', 'one') + paxRecord('uid', '4000000') },
        { name: 'zzz', content: '1' },
        { name: 'two', content: '2' },
        { name: '././@LongLink', type: 'K', content: `${'t'.repeat(150)}\0` },
        { name: 'link', type: '2', link: 'ttt' },
      ]),
    );
    expect(entries.map(({ path, uid }) => [path, uid])).toEqual([
      ['one', 4_000_000],
      ['two', 0],
      ['link', 0],
    ]);
    expect(entries[2]?.linkTarget).toBe('t'.repeat(150));
  });

  it('reads base-256 numbers and v7 headers', async () => {
    const big = (block: Buffer) => {
      block.fill(0, 108, 116);
      block[108] = 0x80;
      block.writeUInt32BE(3_000_000_000, 112);
    };
    expect(
      await read(
        tar([
          { name: 'a', edit: big },
          { name: 'b', dialect: 'v7', type: '\0' },
        ]),
      ),
    ).toMatchObject([{ uid: 3_000_000_000 }, { path: 'b', type: 'file' }]);
  });

  it.each(['/etc/passwd', '../x', 'a/../../x', './..', 'usr/..', ''])('refuses the path %j', async (name) => {
    await expect(read(tar([{ name, content: 'x' }]))).rejects.toThrow(code('DEBIAN_PATH_UNSAFE'));
  });

  it.each<[string, TestEntry[]]>([
    ['a hard link that leads outside', [{ name: 'a', type: '1', link: '../../etc/shadow' }]],
    ['an absolute PAX path', [{ name: 'p', type: 'x', content: paxRecord('path', '/etc/x') }, { name: 'a' }]],
    ['a GNU long name that leads upwards', [{ name: 'L', type: 'L', content: 'a/../../b\0' }, { name: 'a' }]],
    ['a ustar prefix that leads upwards', [{ name: 'x', prefix: '..', dialect: 'ustar' }]],
    ['a name that is not UTF-8', [{ name: 'a', edit: (block) => void (block[1] = 0xff) }]],
    ['a name over the limit', [{ name: 'p', type: 'x', content: paxRecord('path', 'n'.repeat(400)) }, { name: 'a' }]],
    ['a zero byte in a PAX path', [{ name: 'p', type: 'x', content: paxRecord('path', 'a\0b') }, { name: 'a' }]],
  ])('refuses %s', async (_title, entries) => {
    await expect(read(tar(entries))).rejects.toThrow(code('DEBIAN_PATH_UNSAFE'));
  });

  it.each<[string, TestEntry[], string]>([
    ['a wrong checksum', [{ name: 'a', badChecksum: true }], 'DEBIAN_TAR_INVALID'],
    ['an unknown magic number', [{ name: 'a', edit: (block) => void block.write('abcdef', 257) }], 'DEBIAN_TAR_INVALID'],
    ['a size that is no number', [{ name: 'a', edit: (block) => void block.write('zzzz', 124) }], 'DEBIAN_TAR_INVALID'],
    ['a negative size', [{ name: 'a', edit: (block) => void block.fill(0xff, 124, 136) }], 'DEBIAN_TAR_INVALID'],
    ['a directory with content', [{ name: 'a', type: '5', content: 'x' }], 'DEBIAN_TAR_INVALID'],
    ['a symlink to nothing', [{ name: 'a', type: '2' }], 'DEBIAN_TAR_INVALID'],
    ['an extension header without an entry', [{ name: 'L', type: 'L', content: 'a\0' }], 'DEBIAN_TAR_INVALID'],
    ['a PAX record with a wrong length', [{ name: 'p', type: 'x', content: '99 path=a\n' }, { name: 'a' }], 'DEBIAN_TAR_INVALID'],
    ['a PAX size that is no number', [{ name: 'p', type: 'x', content: paxRecord('size', '-1') }, { name: 'a' }], 'DEBIAN_TAR_INVALID'],
    ['a sparse file', [{ name: 'a', type: 'S' }], 'DEBIAN_TAR_UNSUPPORTED'],
    [
      'a sparse file in PAX',
      [{ name: 'p', type: 'x', content: paxRecord('GNU.sparse.map', '0,1') }, { name: 'a' }],
      'DEBIAN_TAR_UNSUPPORTED',
    ],
    [
      'extended attributes',
      [{ name: 'p', type: 'x', content: paxRecord('SCHILY.xattr.security.capability', 'x') }, { name: 'a' }],
      'DEBIAN_TAR_UNSUPPORTED',
    ],
    ['a global PAX header', [{ name: 'g', type: 'g', content: paxRecord('path', 'a') }, { name: 'a' }], 'DEBIAN_TAR_UNSUPPORTED'],
    ['a file over the limit', [{ name: 'a', size: 10_001 }], 'DEBIAN_LIMIT'],
    ['a long name over the limit', [{ name: 'L', type: 'L', size: 1_000_000 }], 'DEBIAN_LIMIT'],
    ['too many entries', Array.from({ length: 11 }, () => ({ name: 'a' })), 'DEBIAN_LIMIT'],
  ])('refuses %s', async (_title, entries, expected) => {
    await expect(read(tar(entries))).rejects.toThrow(code(expected));
  });

  it('refuses an archive that is cut anywhere, and one with data after its end', async () => {
    const whole = tar([{ name: 'a', content: 'x'.repeat(600) }]);
    for (const length of [0, 100, 512, 800, 1536, 1537, 2048, 2559]) {
      await expect(read(whole.subarray(0, length)), `cut at ${length}`).rejects.toThrow(code('DEBIAN_TAR_INVALID'));
    }
    expect(await read(Buffer.concat([whole, Buffer.alloc(9000)]))).toHaveLength(1);
    await expect(read(Buffer.concat([whole, tar([{ name: 'hidden' }])]))).rejects.toThrow(code('DEBIAN_TAR_INVALID'));
    await expect(read(tar([{ name: 'a' }], { end: Buffer.concat([Buffer.alloc(512), Buffer.alloc(512, 1)]) }))).rejects.toThrow(
      code('DEBIAN_TAR_INVALID'),
    );
  });
});
