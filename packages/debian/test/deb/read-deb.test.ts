// deb(5): the members, their order and their compressions; and what an attacker may put there instead.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDeb } from '../../src/deb/read-deb.ts';
import { ar, controlText, deb, tar } from '../support/tar.ts';
import { compressXz } from '../support/xz.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const contents = tar([
  { name: './', type: '5' },
  { name: './usr/share/demo', content: 'data'.repeat(1000) },
]);

async function paths(bytes: Uint8Array | string, limits = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of (await readDeb(bytes, limits)).entries) found.push(path);
  return found;
}

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'colophon-deb-'))));
afterAll(() => rm(folder, { recursive: true }));

describe('deb(5)', () => {
  it('gives control fields, control files and entries', async () => {
    const { control, controlFiles, entries } = await readDeb(deb(contents));
    expect(control).toMatchObject({ Package: 'demo', Version: '1.0-1', Description: 'a demo\nof two lines' });
    expect(Buffer.from(controlFiles.get('control') ?? []).toString()).toBe(controlText);
    const found = [];
    for await (const entry of entries) found.push(entry);
    expect(found.map(({ path, size }) => [path, size])).toEqual([
      ['.', 0],
      ['usr/share/demo', 4000],
    ]);
  });

  it.each([
    ['.gz', gzipSync],
    ['.xz', compressXz],
    ['.zst', zstdCompressSync],
  ] as const)('reads %s, from memory and from a file', async (ending, compress) => {
    const control = compress(tar([{ name: './control', content: controlText }]));
    const bytes = deb(compress(contents), { dataName: `data.tar${ending}`, control, controlName: `control.tar${ending}` });
    const path = join(folder, `demo${ending}.deb`);
    await writeFile(path, bytes);
    expect(await paths(bytes)).toEqual(['.', 'usr/share/demo']);
    expect(await paths(path)).toEqual(['.', 'usr/share/demo']);
  });

  it('passes over members that are not its own', async () => {
    const bytes = ar([
      { name: 'debian-binary', data: Buffer.from('2.0\n') },
      { name: '_gpgorigin', data: Buffer.from('odd') },
      { name: 'control.tar/', data: tar([{ name: 'control', content: controlText }]) },
      { name: 'data.tar/', data: contents },
    ]);
    expect(await paths(bytes)).toHaveLength(2);
  });

  const control = tar([{ name: 'control', content: controlText }]);
  const version = { name: 'debian-binary', data: Buffer.from('2.0\n') };
  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'DEBIAN_AR_INVALID'],
    ['something else than ar', Buffer.from('PK\x03\x04 not an ar archive'), 'DEBIAN_AR_INVALID'],
    [
      'another format',
      ar([
        { name: 'debian-binary', data: Buffer.from('3.0\n') },
        { name: 'control.tar', data: control },
        { name: 'data.tar', data: contents },
      ]),
      'DEBIAN_AR_INVALID',
    ],
    ['no control.tar', ar([version, { name: 'data.tar', data: contents }]), 'DEBIAN_AR_INVALID'],
    ['the wrong order', ar([version, { name: 'data.tar', data: contents }, { name: 'control.tar', data: control }]), 'DEBIAN_AR_INVALID'],
    [
      'debian-binary not first',
      ar([{ name: 'x', data: control }, version, { name: 'control.tar', data: control }, { name: 'data.tar', data: contents }]),
      'DEBIAN_AR_INVALID',
    ],
    [
      'a second data.tar',
      ar([
        version,
        { name: 'control.tar', data: control },
        { name: 'data.tar', data: contents },
        { name: 'data.tar.gz', data: gzipSync(contents) },
      ]),
      'DEBIAN_AR_INVALID',
    ],
    [
      'an unknown compression',
      ar([version, { name: 'control.tar', data: control }, { name: 'data.tar.bz2', data: contents }]),
      'DEBIAN_AR_INVALID',
    ],
    ['a member larger than the file', ar([version, { name: 'control.tar', data: control, size: 1e9 }]), 'DEBIAN_AR_INVALID'],
    ['a member without a size', ar([version, { name: 'control.tar', data: control, size: -1 }]), 'DEBIAN_AR_INVALID'],
    ['a header with another magic', ar([version, { name: 'control.tar', data: control, magic: '??' }]), 'DEBIAN_AR_INVALID'],
    ['a name with a slash', ar([version, { name: '../control.tar', data: control }]), 'DEBIAN_AR_INVALID'],
    ['too many members', ar(Array.from({ length: 20 }, () => version)), 'DEBIAN_AR_INVALID'],
    [
      'a control.tar with a folder',
      deb(contents, { control: tar([{ name: 'x/control', content: controlText }]) }),
      'DEBIAN_TAR_UNSUPPORTED',
    ],
    [
      'a control file twice',
      deb(contents, {
        control: tar([
          { name: 'control', content: controlText },
          { name: './control', content: controlText },
        ]),
      }),
      'DEBIAN_TAR_INVALID',
    ],
    ['no control file', deb(contents, { control: tar([{ name: 'md5sums', content: '' }]) }), 'DEBIAN_CONTROL_INVALID'],
    [
      'a control file of two stanzas',
      deb(contents, { control: tar([{ name: 'control', content: `${controlText}\n${controlText}` }]) }),
      'DEBIAN_CONTROL_INVALID',
    ],
    [
      'a field twice',
      deb(contents, { control: tar([{ name: 'control', content: `${controlText}package: other\n` }]) }),
      'DEBIAN_CONTROL_INVALID',
    ],
    [
      'no version',
      deb(contents, { control: tar([{ name: 'control', content: 'Package: a\nArchitecture: all\n' }]) }),
      'DEBIAN_CONTROL_INVALID',
    ],
    ['gzip that is none', deb(contents, { dataName: 'data.tar.gz' }), 'DEBIAN_COMPRESSION_INVALID'],
    ['xz that is none', deb(contents, { dataName: 'data.tar.xz' }), 'DEBIAN_COMPRESSION_INVALID'],
    ['zstd that is none', deb(contents, { dataName: 'data.tar.zst' }), 'DEBIAN_COMPRESSION_INVALID'],
    ['a traversal in data.tar', deb(tar([{ name: '../../etc/cron.d/x', content: 'x' }])), 'DEBIAN_PATH_UNSAFE'],
  ])('refuses %s', async (_title, bytes, expected) => {
    await expect(paths(bytes)).rejects.toThrow(code(expected));
  });

  it('refuses a .deb that is cut anywhere', async () => {
    const whole = deb(compressXz(contents), { dataName: 'data.tar.xz' });
    for (let length = 0; length < whole.length; length += 37) {
      await expect(paths(whole.subarray(0, length)), `cut at ${length}`).rejects.toThrow(/^/);
    }
    expect(await paths(whole)).toHaveLength(2);
  });

  it.each([
    ['.gz', gzipSync],
    ['.xz', compressXz],
    ['.zst', zstdCompressSync],
  ] as const)('stops a bomb in data.tar%s at the limit, and lets it pass without', async (ending, compress) => {
    const bomb = deb(compress(tar([{ name: 'zeros', content: Buffer.alloc(8 * 2 ** 20) }])), { dataName: `data.tar${ending}` });
    expect(bomb.length).toBeLessThan(100_000);
    await expect(paths(bomb, { data: 2 ** 20 })).rejects.toThrow(code('DEBIAN_LIMIT'));
    await expect(paths(bomb, { file: 2 ** 20 })).rejects.toThrow(code('DEBIAN_LIMIT'));
    expect(await paths(bomb)).toEqual(['zeros']);
  });

  it('stops a bomb in control.tar and a .deb over the limit', async () => {
    const control = gzipSync(
      tar([
        { name: 'control', content: controlText },
        { name: 'zeros', content: Buffer.alloc(2 ** 20) },
      ]),
    );
    await expect(paths(deb(contents, { control, controlName: 'control.tar.gz' }), { control: 2 ** 19 })).rejects.toThrow(
      code('DEBIAN_LIMIT'),
    );
    await expect(paths(deb(contents), { archive: 1000 })).rejects.toThrow(code('DEBIAN_LIMIT'));
  });
});
