import type { Context } from 'hono';
import { logErrors } from '../errors.ts';

/** Reads a request body of at most `limit` bytes, however it says its length. Throws LOG_ENTRY_TOO_LARGE. */
export async function readBody(context: Context, limit: number): Promise<Buffer> {
  const tooLarge = () => logErrors.error('LOG_ENTRY_TOO_LARGE', `http: request body too large; the limit is ${limit} bytes`);
  const declared = context.req.header('content-length');
  if (Number(declared ?? 0) > limit) throw tooLarge();
  // HTTP holds a sender to the length that it declared.
  if (declared !== undefined && context.req.header('transfer-encoding') === undefined) return Buffer.from(await context.req.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of context.req.raw.body ?? []) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
