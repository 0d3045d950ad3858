import { createGunzip, createZstdDecompress } from 'node:zlib';
import { pipeline, Readable } from 'node:stream';
import { xz } from '@napi-rs/lzma';
import { isColophonError } from '@colophon/core';
import { debianErrors } from '../errors.ts';

/** How a member of a .deb or an index is compressed (deb(5)); `none` is plain. */
export type Compression = 'none' | 'gz' | 'xz' | 'zst';

/**
 * Decompresses a stream and never gives more than `limit` bytes: at the first byte beyond it throws DEBIAN_LIMIT, so a
 * bomb costs no more memory than one chunk. Broken or truncated data throws DEBIAN_COMPRESSION_INVALID at the latest at
 * the end. Only decoders are used here, whose output does not depend on their version. The reader pulls: what it does
 * not take is not decoded.
 *
 * xz: all streams and blocks, integrity checked (CRC32, CRC64, SHA-256), with back-pressure; the one-shot and the
 * update/finish interfaces of @napi-rs/lzma are not used because they put no bound on their output.
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
  const decoder = compression === 'gz' ? createGunzip() : createZstdDecompress();
  // The callback is there so that an error reaches only the reader below, through `decoder`.
  pipeline(Readable.from(source), decoder, () => {});
  return decoder;
}

async function* xzStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let failure: unknown;
  const input = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      } catch (error) {
        failure = error;
        controller.error(error);
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  const reader = xz.decompressStream(input).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value.length > 0) yield value;
    }
  } catch (error) {
    throw failure ?? error;
  } finally {
    await reader.cancel().catch(() => {});
  }
}
