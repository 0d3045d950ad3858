import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { file } from '../../src/tar/entry.ts';
import { readArchive } from '../../src/tar/reader.ts';
import { unpackLayer } from '../../src/tar/unpack.ts';
import { writeTar } from '../../src/tar/writer.ts';
import { temporaryDirectory } from '../support/deb.ts';

describe('archives that others wrote', () => {
  test.each(['gnu', 'pax', 'ustar'])('GNU tar, format %s', (format) => {
    const place = temporaryDirectory();
    const deep = format === 'ustar' ? 'd'.repeat(90) : 'd'.repeat(220);
    mkdirSync(join(place, deep));
    writeFileSync(join(place, deep, 'file'), 'text');
    symlinkSync('file', join(place, deep, 'link'));
    const entries = [...readArchive(execFileSync('tar', ['-C', place, `--format=${format}`, '--sort=name', '-cf', '-', '.']), 'test')];
    expect(entries.map(({ path, flag }) => [path, flag])).toEqual([
      ['.', '5'],
      [deep, '5'],
      [`${deep}/file`, '0'],
      [`${deep}/link`, '2'],
    ]);
    expect(Buffer.from(entries[2]?.content ?? []).toString()).toBe('text');
    expect(entries[3]?.linkTarget).toBe('file');
    expect(entries[0]?.userName).not.toBe('');
  });
});

describe('broken archives throw IMAGE_LAYER_INVALID', () => {
  const good = writeTar([file('a', 'content', { mtime: 0 }), file('é', 'content', { mtime: 0 })]);
  const invalid = expect.objectContaining({ code: 'IMAGE_LAYER_INVALID' });

  test('cut anywhere but at a border, or with any byte of a header changed', () => {
    expect(() => [...readArchive(good.subarray(0, 700), 'test')]).toThrow(invalid);
    for (let at = 0; at < 512; at += 13) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 0x11;
      expect(() => [...readArchive(bad, 'test')]).toThrow(invalid);
    }
  });

  test('an extended header whose lengths lie', () => {
    const start = good.indexOf('path=') - 3;
    const bad = Buffer.from(good);
    bad[start] = 0x39;
    expect(() => [...readArchive(bad, 'test')]).toThrow(invalid);
  });
});

describe('compression of layers', () => {
  test('gzip of several members, zstd, none', async () => {
    const halves = Buffer.concat([gzipSync('one '), gzipSync('two')]);
    expect((await unpackLayer(halves, 'test')).toString()).toBe('one two');
    expect((await unpackLayer(zstdCompressSync(Buffer.from('three')), 'test')).toString()).toBe('three');
    expect((await unpackLayer(Buffer.from('plain'), 'test')).toString()).toBe('plain');
  });

  test('a bomb is stopped at the limit', async () => {
    await expect(unpackLayer(gzipSync(Buffer.alloc(1e6)), 'test', 1e5)).rejects.toMatchObject({ code: 'IMAGE_LIMIT' });
    await expect(unpackLayer(gzipSync('x').subarray(0, 15), 'test')).rejects.toMatchObject({ code: 'IMAGE_LAYER_INVALID' });
  });
});
