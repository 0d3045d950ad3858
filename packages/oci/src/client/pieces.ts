import type { BlobSource } from './push.ts';

/** The source's bytes from `start` on, in pieces of exactly `size` bytes, the last one shorter. */
export async function* pieces(source: BlobSource, start: number, size: number): AsyncIterable<Buffer> {
  let skip = start;
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const whole of source instanceof Uint8Array ? [source] : source()) {
    let chunk = whole.subarray(Math.min(skip, whole.length));
    skip -= whole.length - chunk.length;
    while (length + chunk.length >= size) {
      const cut = size - length;
      yield Buffer.concat([...held, chunk.subarray(0, cut)]);
      chunk = chunk.subarray(cut);
      held = [];
      length = 0;
    }
    if (chunk.length > 0) held.push(chunk);
    length += chunk.length;
  }
  if (length > 0) yield Buffer.concat(held);
}
