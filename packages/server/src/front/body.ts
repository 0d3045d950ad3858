import { serverErrors } from '../errors.ts';

export interface BodyLimits {
  /** Bytes. */
  readonly limit: number;
  /** For the whole body. */
  readonly milliseconds: number;
}

/** Reads a whole body from whoever sends it: not more than `limit`, whatever length it declares, and not for ever. SERVER_BODY_TOO_LARGE, SERVER_BODY_SLOW. */
export async function readBody(request: Request, { limit, milliseconds }: BodyLimits): Promise<Buffer> {
  const tooLarge = () => serverErrors.error('SERVER_BODY_TOO_LARGE', `the body is larger than ${limit} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return Buffer.alloc(0);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel().catch(() => {});
  }, milliseconds);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) throw serverErrors.error('SERVER_BODY_SLOW', `the body was not whole after ${milliseconds / 1000} s`);
      if (done) return Buffer.concat(chunks);
      size += value.length;
      if (size > limit) throw tooLarge();
      chunks.push(value);
    }
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => {});
  }
}
