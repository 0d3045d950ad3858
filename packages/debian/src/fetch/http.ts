import type { IncomingMessage, RequestOptions } from 'node:http';
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
  readonly signal?: AbortSignal;
  /** An attempt that receives nothing for so many milliseconds is given up. Default: 20,000. */
  readonly stall?: number;
}

export interface HttpBody {
  /** 200: from the beginning; 206: from `start` on. */
  readonly start: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

const mostRedirections = 10;

/**
 * Requests an address from byte `start` on, by node:http: `fetch` takes twice the time for what is only written down. The
 * server is not trusted: a stall, a coding that was not asked for, a range that was not asked for are failures
 * (AttemptError). Redirections are followed, between http and https too: what comes is checked by hash or signature. The
 * caller bounds the body.
 */
export async function get(url: string, start: number, options: HttpOptions): Promise<HttpBody> {
  const stall = options.stall ?? 20_000;
  const controller = new AbortController();
  const begin = () => setTimeout(() => controller.abort(new AttemptError('failed', `nothing came for ${stall} ms`)), stall);
  let timer = begin();
  const signal = options.signal === undefined ? controller.signal : AbortSignal.any([controller.signal, options.signal]);
  const rearm = () => {
    clearTimeout(timer);
    timer = begin();
  };
  const failure = (cause: unknown): Error => {
    options.signal?.throwIfAborted();
    if (cause instanceof AttemptError) return cause;
    if (controller.signal.reason instanceof AttemptError) return controller.signal.reason;
    return new AttemptError('failed', (cause as Error).message || 'the connection failed', { cause });
  };
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'Colophon', ...(start > 0 ? { range: `bytes=${start}-` } : {}) };
  let response: IncomingMessage | undefined;
  try {
    options.signal?.throwIfAborted();
    response = await follow(url, { headers, signal });
    checkHead(response, start);
    return {
      start: response.statusCode === 206 ? start : 0,
      chunks: chunksOf(response, rearm, () => clearTimeout(timer), failure),
    };
  } catch (error) {
    clearTimeout(timer);
    response?.destroy();
    throw failure(error);
  }
}

async function follow(url: string, options: RequestOptions): Promise<IncomingMessage> {
  let target = new URL(url);
  for (let hop = 0; hop <= mostRedirections; hop++) {
    const response = await answer(target, options);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode as number) || location === undefined) return response;
    response.destroy();
    if (!URL.canParse(location, target.href)) break;
    target = new URL(location, target);
    if (target.protocol !== 'http:' && target.protocol !== 'https:') break;
  }
  throw new AttemptError('failed', 'it redirects in circles, or to no address of HTTP');
}

function answer(target: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Not imported: that would load all of Node's WebSocket and fetch with it, into each worker that reads a .deb too.
    const module = process.getBuiltinModule(target.protocol === 'https:' ? 'node:https' : 'node:http');
    module
      .request(target, options, (response) => {
        // Who reads the body hears of it; when it breaks before that, nobody need.
        resolve(response.on('error', () => {}));
      })
      .on('error', reject)
      .end();
  });
}

function checkHead({ statusCode: status, headers }: IncomingMessage, start: number): void {
  if (status === 404 || status === 403 || status === 410 || status === 401) throw new AttemptError('absent', `status ${status}`);
  if (status !== 200 && status !== 206) throw new AttemptError('failed', `status ${status}`);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new AttemptError('failed', 'the body has a coding that was not asked for');
  if (status === 206 && !new RegExp(`^bytes ${start}-`).test(headers['content-range'] ?? ''))
    throw new AttemptError('failed', 'the server sent another range than was asked for');
}

async function* chunksOf(
  response: IncomingMessage,
  rearm: () => void,
  disarm: () => void,
  failure: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of response) {
      rearm();
      yield chunk as Buffer;
    }
  } catch (error) {
    throw failure(error);
  } finally {
    disarm();
    response.destroy();
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
