import { crc32 } from 'node:zlib';
import { deflateSegmentAt, segmentCount } from './deflate.ts';

/**
 * The name of the bytes that `gzipMember` gives. Recorded in every image and its provenance. The bytes of an id never
 * change: whoever changes anything in this folder that alters them makes a new id, and keeps the old one's code.
 * Golden vectors (test/encoder) hold it to that.
 */
export const encoderId = 'colophon-deflate@1';

/** RFC 1952 section 2.3: no name, no time, no flags, extra flags 0, operating system unknown. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/** The gzip member of `data`, whose segments were encoded elsewhere. node:zlib lends only its CRC-32, which has one right value. */
export function joinMember(data: Uint8Array, segments: readonly Uint8Array[]): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(data), 0);
  trailer.writeUInt32LE(data.length % 2 ** 32, 4);
  return Buffer.concat([header, ...segments, trailer]);
}

/** One gzip member. */
export function gzipMember(data: Uint8Array): Buffer {
  const segments = Array.from({ length: segmentCount(data.length) }, (_, index) => deflateSegmentAt(data, index));
  return joinMember(data, segments);
}

/** What builds name and use: an id and a pure function of bytes. */
export const encoder = Object.freeze({ id: encoderId, encode: gzipMember });
