import { readLimited, streamChunks } from '../content/stream.ts';
import { ociErrors } from '../errors.ts';

/** A request's body, chunk by chunk; OCI_TIMEOUT when nothing comes for `idle` milliseconds. */
export function bodyChunks(request: Request, idle = 60_000): AsyncIterable<Uint8Array> {
  return streamChunks(request.body, idle);
}

/** Refuses a body by its announced length, before any of it is read. */
export function checkLength(headers: Headers, limit: number): void {
  const length = Number(headers.get('content-length') ?? 0);
  if (length > limit) throw ociErrors.error('OCI_TOO_LARGE', `the body has ${length} bytes; the limit is ${limit}`);
}

export async function readBody(request: Request, limit: number, idle?: number): Promise<Buffer> {
  checkLength(request.headers, limit);
  return readLimited(bodyChunks(request, idle), limit, 'the body');
}

/** An iterable as a response body that pulls: a slow client holds one chunk, not the file. */
export function bodyOf(data: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = data[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // What went wrong is not for the client, to whom a server may print it.
        const { done, value } = await iterator.next().catch((cause: unknown) => {
          throw ociErrors.error('OCI_BLOB_UNKNOWN', 'the content cannot be read', { cause });
        });
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
