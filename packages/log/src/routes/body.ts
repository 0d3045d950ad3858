import type { Context } from 'hono';
import { logErrors } from '../errors.ts';

/** Reads a request body of at most `limit` bytes, however it says its length. Throws LOG_ENTRY_TOO_LARGE. */
export async function readBody(context: Context, limit: number): Promise<Buffer> {
  const tooLarge = () => logErrors.error('LOG_ENTRY_TOO_LARGE', `http: request body too large; the limit is ${limit} bytes`);
  if (Number(context.req.header('content-length') ?? 0) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of context.req.raw.body ?? []) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
