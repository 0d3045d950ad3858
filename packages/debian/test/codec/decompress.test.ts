// The .xz file format 1.2.1, RFC 1952 (gzip), RFC 8878 (zstd): what must be read and what must not pass.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress, type Compression } from '../../src/codec/decompress.ts';
import { compressXz, hasNative, hasXz, runXz } from '../support/xz.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const data = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * index) >> 7));

async function all(bytes: Uint8Array, compression: Compression, limit = 1e9): Promise<Buffer> {
  async function* chunks() {
    for (let start = 0; start < bytes.length; start += 1000) yield bytes.subarray(start, start + 1000);
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of decompress(chunks(), compression, limit, 'test')) parts.push(chunk);
  return Buffer.concat(parts);
}

describe('decompress', () => {
  it.each<[Compression, Uint8Array]>([
    ['none', data],
    ['gz', gzipSync(data)],
    ['xz', compressXz(data)],
    ['zst', zstdCompressSync(data)],
  ])('%s gives the bytes, up to the limit exactly', async (compression, bytes) => {
    expect((await all(bytes, compression, data.length)).equals(data)).toBe(true);
    await expect(all(bytes, compression, data.length - 1)).rejects.toThrow(code('DEBIAN_LIMIT'));
  });

  it.each<[Compression, Uint8Array]>([
    ['gz', gzipSync(data)],
    ['xz', compressXz(data)],
    ['zst', zstdCompressSync(data)],
  ])('%s: truncated or changed data are refused', async (compression, bytes) => {
    for (const length of [0, 10, Math.floor(bytes.length / 2), bytes.length - 1]) {
      await expect(all(bytes.subarray(0, length), compression), `cut at ${length}`).rejects.toThrow(code('DEBIAN_COMPRESSION_INVALID'));
    }
  });

  it('xz and gzip: one changed bit is found', async () => {
    for (const [compression, bytes] of [
      ['xz', compressXz(data)],
      ['gz', gzipSync(data)],
    ] as const) {
      const changed = Buffer.from(bytes);
      changed[Math.floor(bytes.length / 2)] = (changed[Math.floor(bytes.length / 2)] as number) ^ 4;
      await expect(all(changed, compression)).rejects.toThrow(code('DEBIAN_COMPRESSION_INVALID'));
    }
  });

  it('xz: several streams are one, garbage after them is refused', async () => {
    const stream = compressXz(data);
    expect((await all(Buffer.concat([stream, stream]), 'xz')).length).toBe(2 * data.length);
    await expect(all(Buffer.concat([stream, Buffer.from('garbage!')]), 'xz')).rejects.toThrow(code('DEBIAN_COMPRESSION_INVALID'));
  });

  it('a failing source is the failure, not broken data', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield compressXz(data).subarray(0, 100);
      throw new Error('the disk is gone');
    }
    const read = async () => {
      for await (const _ of decompress(failing(), 'xz', 1e9, 'test'));
    };
    await expect(read()).rejects.toThrow(/the disk is gone/);
  });

  describe.skipIf(!hasXz || !hasNative)('files that xz writes', () => {
    it.each([
      ['several blocks', ['--block-size=50000']],
      ['threads', ['-T2', '--block-size=50000']],
      ['check CRC32', ['--check=crc32']],
      ['check SHA-256', ['--check=sha256']],
      ['no check', ['--check=none']],
      ['the x86 filter', ['--x86', '--lzma2=preset=6']],
      ['the largest dictionary', ['--lzma2=preset=0,dict=1536MiB']],
    ])('%s', async (_title, options) => {
      const bytes = runXz(options, data);
      expect((await all(bytes, 'xz')).equals(data)).toBe(true);
    });
  });
});
