// The .xz file format 1.2.1, against xz itself and the native decoder; and every byte of a file changed.
import { crc32 } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeXz } from '../../src/codec/xz/decode.ts';
import { compressXz, hasNative, hasXz, runXz as run } from '../support/xz.ts';

const code = expect.objectContaining({ code: 'DEBIAN_COMPRESSION_INVALID' });
const text = Buffer.from(Array.from({ length: 400_000 }, (_, index) => ((index * index) >> 9) % 97));

async function decode(bytes: Uint8Array, chunk = 4096): Promise<Buffer> {
  async function* chunks() {
    for (let start = 0; start < bytes.length; start += chunk) yield bytes.subarray(start, start + chunk);
  }
  const parts: Uint8Array[] = [];
  for await (const part of decodeXz(chunks())) parts.push(part);
  return Buffer.concat(parts);
}

describe('decodeXz', () => {
  it('gives what the native encoder took, whatever it was', async () => {
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.array(fc.constantFrom('a', 'bc', 'abcabc', '\0\0'), { maxLength: 2000 }).map((parts) => Buffer.from(parts.join(''))),
    );
    const property = fc.asyncProperty(some, fc.integer({ min: 1, max: 500 }), async (data, chunk) => {
      expect((await decode(compressXz(data), chunk)).equals(data)).toBe(true);
    });
    await fc.assert(property, { numRuns: hasNative ? 150 : 30 });
  });

  it.each<[string, Buffer]>([
    ['text', text],
    ['noise', randomBytes(300_000)],
    ['zeros', Buffer.alloc(9 * 2 ** 20)],
    ['noise between text', Buffer.concat([text, randomBytes(200_000), text, Buffer.alloc(100_000, 7), text])],
    ['repetitions farther back than a chunk', Buffer.concat(Array.from({ length: 6 }, () => text))],
    ['nothing', Buffer.alloc(0)],
  ])('%s', async (_title, data) => {
    expect((await decode(compressXz(data))).equals(data)).toBe(true);
  });

  describe.skipIf(!hasXz)('as xz writes it', () => {
    it.each([
      ['-0'],
      ['-9e'],
      ['--block-size=50000'],
      ['-T2', '--block-size=70000'],
      ['--check=none'],
      ['--check=crc32'],
      ['--check=crc64'],
      ['--check=sha256'],
      ['--lzma2=preset=6,lc=0,lp=2,pb=0'],
      ['--lzma2=preset=6,lc=4,lp=0,pb=4'],
      ['--lzma2=preset=6,lc=1,lp=3,pb=2'],
      ['--lzma2=preset=3,dict=4KiB'],
      ['--lzma2=preset=0,dict=1536MiB'],
    ])('%s', async (...options) => {
      const data = Buffer.concat([text, randomBytes(70_000), text]);
      expect((await decode(run(options, data))).equals(data)).toBe(true);
    });

    it('several streams with padding between them', async () => {
      const stream = run([], text);
      expect((await decode(Buffer.concat([stream, Buffer.alloc(8), stream, Buffer.alloc(4)]))).length).toBe(2 * text.length);
      await expect(decode(Buffer.concat([stream, Buffer.alloc(3)]))).rejects.toThrow(code);
      await expect(decode(Buffer.concat([stream, Buffer.from('garbage!')]))).rejects.toThrow(code);
    });

    it('refuses filters that it does not know, rather than give other bytes', async () => {
      await expect(decode(run(['--x86', '--lzma2=preset=6'], text))).rejects.toThrow(code);
      await expect(decode(run(['--delta=dist=2', '--lzma2=preset=6'], text))).rejects.toThrow(code);
    });
  });

  it('refuses a file with any byte changed, or cut anywhere', async () => {
    const bytes = compressXz(Buffer.concat([text.subarray(0, 2000), randomBytes(300)]));
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      await expect(decode(changed), `byte ${at}`).rejects.toThrow(code);
      await expect(decode(bytes.subarray(0, at)), `cut at ${at}`).rejects.toThrow(code);
    }
  });

  it('a dictionary of 4 GiB in a header costs nothing', async () => {
    const bytes = Buffer.from(compressXz(text));
    const length = ((bytes[12] as number) + 1) * 4;
    const filter = bytes.indexOf(Buffer.from([0x21, 0x01]), 12);
    bytes[filter + 2] = 40;
    bytes.writeUInt32LE(crc32(bytes.subarray(12, 12 + length - 4)), 12 + length - 4);
    const before = process.memoryUsage().arrayBuffers;
    expect((await decode(bytes)).equals(text)).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  });
});
