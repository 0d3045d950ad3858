import { decodeXz } from './decode.ts';

interface NativeXz {
  decompressStream(input: ReadableStream<Uint8Array>): ReadableStream<Uint8Array>;
}

let native: Promise<NativeXz | undefined> | undefined;

/**
 * The native decoder, or undefined where npm has left its binary out: it does so without a word when the Node that ran
 * npm is older than the package wants (20, say), or for a platform that has none. Then ours takes about twice as long.
 */
export function nativeXz(): Promise<NativeXz | undefined> {
  native ??= import('@napi-rs/lzma').then(
    ({ xz }) => xz,
    () => undefined,
  );
  return native;
}

/** Decodes .xz: every stream, block and check, as the reader pulls. The bytes are the same whichever decoder runs. */
export async function* xzStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = await nativeXz();
  yield* decoder === undefined ? decodeXz(source) : nativeStream(decoder, source);
}

/**
 * Only the stream interface of @napi-rs/lzma waits for the reader. Its one-shot and update/finish interfaces put no bound
 * on what they hold: a bomb of 150 kB fills 1 GiB.
 */
async function* nativeStream(decoder: NativeXz, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
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
  const reader = decoder.decompressStream(input).getReader();
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
