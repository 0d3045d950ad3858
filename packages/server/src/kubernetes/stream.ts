/**
 * A response that goes on: bytes as they come, until the generator ends, the client goes away or the time (milliseconds) is over. The generator is
 * pulled, so a slow client slows its own stream and nothing else; `signal` aborts when nobody reads any more.
 */
export function streamOf(
  request: Request,
  contentType: string,
  generate: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
  time?: number,
): Response {
  const controller = new AbortController();
  const end = () => controller.abort();
  request.signal.addEventListener('abort', end, { once: true });
  const timer = time === undefined ? undefined : setTimeout(end, time).unref();
  const chunks = generate(controller.signal);
  const finish = () => {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', end);
    end();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(sink) {
        try {
          const { done, value } = await chunks.next();
          if (done !== true) return sink.enqueue(value);
          finish();
          sink.close();
        } catch (error) {
          finish();
          sink.error(error);
        }
      },
      async cancel() {
        finish();
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { 'content-type': contentType, 'transfer-encoding': 'chunked', 'cache-control': 'no-cache, private' },
  });
}
