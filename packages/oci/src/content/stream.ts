import { ociErrors } from '../errors.ts';

/**
 * A web stream, chunk by chunk. The other side controls its pace: one that sends nothing for `idle` milliseconds is let go (OCI_TIMEOUT), and so is the
 * stream when the reader stops early.
 */
export async function* streamChunks(stream: ReadableStream<Uint8Array> | null | undefined, idle: number): AsyncIterable<Uint8Array> {
  const reader = stream?.getReader();
  if (reader === undefined) return;
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), idle);
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!ended) reader.cancel().catch(() => {});
  }
}

async function within<Result>(work: Promise<Result>, milliseconds: number): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(ociErrors.error('OCI_TIMEOUT', `nothing came for ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a stream to its end; OCI_TOO_LARGE beyond `limit` bytes. */
export async function readLimited(chunks: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw ociErrors.error('OCI_TOO_LARGE', `${what} is larger than ${limit} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
