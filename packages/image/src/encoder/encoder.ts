import { crc32 } from 'node:zlib';
import { deflateSegments } from './deflate.ts';

/**
 * The name of the bytes that `gzipMember` gives. Recorded in every image and its provenance. The bytes of an id never
 * change: whoever changes anything in this folder that alters them makes a new id, and keeps the old one's code.
 * Golden vectors (test/encoder) hold it to that.
 */
export const encoderId = 'colophon-deflate@1';

/** RFC 1952 section 2.3: no name, no time, no flags, extra flags 0, operating system unknown. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/** One gzip member in pieces. node:zlib lends only its CRC-32, which has one right value. */
export function* gzipChunks(data: Uint8Array): Generator<Uint8Array, void, undefined> {
  yield header;
  yield* deflateSegments(data);
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc32(data), true);
  trailer.setUint32(4, data.length % 2 ** 32, true);
  yield new Uint8Array(trailer.buffer);
}

export function gzipMember(data: Uint8Array): Buffer {
  return Buffer.concat([...gzipChunks(data)]);
}

/** What builds name and use: an id and a pure function of bytes. */
export const encoder = Object.freeze({ id: encoderId, encode: gzipMember, chunks: gzipChunks });
