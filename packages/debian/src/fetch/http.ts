import { debianErrors } from '../errors.ts';

/** Why one attempt at one mirror gave nothing. `absent`: it does not have it; `lied`: it gave other bytes; `failed`: worth another try. */
export class AttemptError extends Error {
  readonly kind: 'absent' | 'lied' | 'failed';

  constructor(kind: AttemptError['kind'], message: string, options?: { cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

export interface HttpOptions {
  /** For tests and proxies; default: Node's. */
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
  /** An attempt that receives nothing for so many milliseconds is given up. Default: 20,000. */
  readonly stall?: number;
}

export interface HttpBody {
  /** 200: from the beginning; 206: from `start` on. */
  readonly start: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * Requests an address from byte `start` on. The server is not trusted: a stall, a coding that was not asked for, a range
 * that was not asked for are failures (AttemptError). Redirections are followed by `fetch`. The caller bounds the body.
 */
export async function get(url: string, start: number, options: HttpOptions): Promise<HttpBody> {
  const stall = options.stall ?? 20_000;
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(new AttemptError('failed', `nothing came for ${stall} ms`)), stall);
  const signal = options.signal === undefined ? controller.signal : AbortSignal.any([controller.signal, options.signal]);
  const rearm = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(new AttemptError('failed', `nothing came for ${stall} ms`)), stall);
  };
  const failure = (cause: unknown): Error => {
    options.signal?.throwIfAborted();
    if (cause instanceof AttemptError) return cause;
    if (controller.signal.reason instanceof AttemptError) return controller.signal.reason;
    const { message, cause: inner } = cause as Error;
    return new AttemptError('failed', inner instanceof Error ? `${message}: ${inner.message}` : message, { cause });
  };
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'Colophon', ...(start > 0 ? { range: `bytes=${start}-` } : {}) };
  try {
    const response = await (options.fetch ?? fetch)(url, { headers, signal });
    const refuse = async (kind: AttemptError['kind'], message: string) => {
      await response.body?.cancel().catch(() => {});
      throw new AttemptError(kind, message);
    };
    const { status } = response;
    if (status === 404 || status === 403 || status === 410 || status === 401) await refuse('absent', `status ${status}`);
    if (status !== 200 && status !== 206) await refuse('failed', `status ${status}`);
    if ((response.headers.get('content-encoding') ?? 'identity') !== 'identity')
      await refuse('failed', 'the body has a coding that was not asked for');
    if (status === 206 && !new RegExp(`^bytes ${start}-`).test(response.headers.get('content-range') ?? '')) {
      await refuse('failed', 'the server sent another range than was asked for');
    }
    return { start: status === 206 ? start : 0, chunks: chunksOf(response, rearm, () => clearTimeout(timer), failure) };
  } catch (error) {
    clearTimeout(timer);
    throw failure(error);
  }
}

async function* chunksOf(
  response: Response,
  rearm: () => void,
  disarm: () => void,
  failure: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const next = await reader?.read();
      if (next === undefined || next.done) return;
      rearm();
      yield next.value;
    }
  } catch (error) {
    throw failure(error);
  } finally {
    disarm();
    await reader?.cancel().catch(() => {});
  }
}

/** A whole document of unknown hash and bounded size. Throws AttemptError. */
export async function getSmall(url: string, limit: number, options: HttpOptions): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (await get(url, 0, options)).chunks) {
    size += chunk.length;
    if (size > limit) throw debianErrors.error('DEBIAN_LIMIT', `a document of more than ${limit} bytes where a small one was expected`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
