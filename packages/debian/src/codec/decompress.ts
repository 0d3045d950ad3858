import { createGunzip, createZstdDecompress } from 'node:zlib';
import { pipeline, Readable } from 'node:stream';
import { isColophonError } from '@colophon/core';
import { debianErrors } from '../errors.ts';
import { xzStream } from './xz/xz.ts';

/** How a member of a .deb or an index is compressed (deb(5)); `none` is plain. */
export type Compression = 'none' | 'gz' | 'xz' | 'zst';

/** Bytes that a decoder gives at most at once; with zlib's own 16 KiB a package index is passed on in 3,500 parts. */
const chunkSize = 256 * 1024;

/**
 * Decompresses a stream and never gives more than `limit` bytes: at the first byte beyond it throws DEBIAN_LIMIT, so a
 * bomb costs no more memory than one chunk. Broken or truncated data throws DEBIAN_COMPRESSION_INVALID at the latest at
 * the end. Only decoders are used here, whose output does not depend on their version. The reader pulls: what it does
 * not take is not decoded.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  limit: number,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  try {
    for await (const chunk of decoded(source, compression)) {
      size += chunk.length;
      if (size > limit) throw debianErrors.error('DEBIAN_LIMIT', `${what} decompresses to more than ${limit} bytes`);
      yield chunk;
    }
  } catch (cause) {
    if (isColophonError(cause)) throw cause;
    throw debianErrors.error('DEBIAN_COMPRESSION_INVALID', `${what} (${compression}): ${(cause as Error).message}`, { cause });
  }
}

function decoded(source: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  if (compression === 'none') return source;
  if (compression === 'xz') return xzStream(source);
  const decoder = compression === 'gz' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  // The callback is there so that an error reaches only the reader below, through `decoder`.
  pipeline(Readable.from(source), decoder, () => {});
  return decoder;
}
