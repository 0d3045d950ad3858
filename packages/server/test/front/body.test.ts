import { expect, it } from 'vitest';
import { readBody } from '../../src/front/body.ts';

const post = (body: RequestInit['body'] | ReadableStream<Uint8Array>, headers: Record<string, string> = {}) =>
  new Request('http://localhost/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
const limits = { limit: 10, milliseconds: 60_000 };

function stream(chunks: readonly string[], end = true): { stream: ReadableStream<Uint8Array>; cancelled: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const rest = [...chunks];
  return {
    cancelled: promise,
    stream: new ReadableStream({
      pull(controller) {
        const chunk = rest.shift();
        if (chunk !== undefined) controller.enqueue(Buffer.from(chunk));
        else if (end) controller.close();
      },
      cancel: () => resolve(),
    }),
  };
}

it('gives the bytes, and none for no body', async () => {
  expect(await readBody(post(stream(['01234', '56789']).stream), limits)).toEqual(Buffer.from('0123456789'));
  expect(await readBody(new Request('http://localhost/'), limits)).toEqual(Buffer.alloc(0));
});

it('refuses what is longer, whether it says so or not, and reads no further', async () => {
  const endless = stream(Array.from({ length: 1000 }, () => 'xxx'));
  await expect(readBody(post(endless.stream), limits)).rejects.toMatchObject({ code: 'SERVER_BODY_TOO_LARGE', status: 413 });
  await endless.cancelled;
  const never = stream([], false);
  await expect(readBody(post(never.stream, { 'content-length': '11' }), limits)).rejects.toMatchObject({ status: 413 });
});

it('does not wait for ever for the rest', async () => {
  const slow = stream(['012'], false);
  await expect(readBody(post(slow.stream), { limit: 10, milliseconds: 20 })).rejects.toMatchObject({
    code: 'SERVER_BODY_SLOW',
    status: 408,
  });
  await slow.cancelled;
});
