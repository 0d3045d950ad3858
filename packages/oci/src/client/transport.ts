import { setTimeout as sleep } from 'node:timers/promises';
import { isColophonError } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import { baseUrl, checkPlace, isLoopback } from './address.ts';
import { createAuthorizer } from './authorizer.ts';
import type { FindCredentials } from './credentials.ts';

export type RequestBody = NonNullable<RequestInit['body']>;

export interface TransportOptions {
  /** `HOST[:PORT]`. */
  readonly registry: string;
  readonly credentials?: FindCredentials | undefined;
  /** Plain http. Default: only for this machine. */
  readonly insecure?: boolean | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly userAgent?: string | undefined;
  /** Tries of a request that may be repeated. Default 5. */
  readonly attempts?: number | undefined;
  /** Milliseconds before the second try, doubled for each further one. Default 200. */
  readonly backoff?: number | undefined;
  /** Milliseconds that the other side may send nothing. Default one minute. */
  readonly idle?: number | undefined;
}

export interface TransportRequest {
  readonly method: string;
  /** Path from `/v2/` on, or a URL that the registry gave (an upload's Location). */
  readonly path: string;
  readonly repository: string;
  /** Other repositories that the request reads. */
  readonly alsoPull?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** A function gives the body anew for each try. */
  readonly body?: () => RequestBody;
  /** False: give every answer and failure back at once (but log in when asked). */
  readonly retry?: boolean;
}

export interface Transport {
  readonly base: URL;
  readonly idle: number;
  /** OCI_UNREACHABLE, OCI_UNAUTHORIZED, OCI_REGISTRY_FAILED; any other status is the caller's to judge. */
  send(request: TransportRequest): Promise<Response>;
  /** Waits before try number `attempt` + 1. */
  pause(attempt: number): Promise<void>;
}

/** Sends requests to one registry: logs in when it is asked to, follows redirects without credentials, tries again what may be. */
export function createTransport(options: TransportOptions): Transport {
  const { attempts = 5, backoff = 200, idle = 60_000, registry } = options;
  const fetcher = options.fetch ?? fetch;
  const base = baseUrl(registry, options.insecure ?? isLoopback(registry));
  const authorizer = createAuthorizer(registry, base, { credentials: options.credentials, fetch: fetcher });

  async function once(request: TransportRequest, authorization: string | undefined): Promise<Response> {
    let url = new URL(request.path, base);
    if (url.origin !== base.origin) checkPlace(base, url, 'sends us to');
    for (let hop = 0; hop < 6; hop += 1) {
      // Credentials are for the registry alone: never for where it sends us.
      const response = await attempt(url, request, url.origin === base.origin ? authorization : undefined);
      const location = response.headers.get('location');
      const follows = request.method === 'GET' || request.method === 'HEAD' ? [301, 302, 303, 307, 308] : [307, 308];
      if (!follows.includes(response.status) || location === null) return response;
      await response.body?.cancel();
      if (!URL.canParse(location, url.href)) throw ociErrors.error('OCI_REGISTRY_FAILED', `${base.host} redirects to nowhere`);
      url = new URL(location, url);
      checkPlace(base, url, 'redirects to');
    }
    throw ociErrors.error('OCI_REGISTRY_FAILED', `${base.host} redirects without end`);
  }

  async function attempt(url: URL, request: TransportRequest, authorization: string | undefined): Promise<Response> {
    const abort = new AbortController();
    // Until the answer begins; with a body it begins when all is sent.
    const timer = request.body === undefined ? setTimeout(() => abort.abort(), idle) : undefined;
    try {
      return await fetcher(url, {
        method: request.method,
        redirect: 'manual',
        signal: abort.signal,
        headers: {
          'user-agent': options.userAgent ?? 'colophon',
          // Compressed on the way, a blob would not have the bytes that its range names.
          'accept-encoding': 'identity',
          ...request.headers,
          ...(authorization === undefined ? {} : { authorization }),
        },
        ...(request.body === undefined ? {} : { body: request.body(), duplex: 'half' }),
      });
    } finally {
      clearTimeout(timer);
    }
  }

  function pause(attempt: number, wish?: number): Promise<void> {
    const wait = backoff * 2 ** (attempt - 1);
    return sleep(Math.min(60_000, wish ?? wait * (0.75 + Math.random() / 2)));
  }

  async function send(request: TransportRequest): Promise<Response> {
    const pulls = request.method === 'GET' || request.method === 'HEAD';
    const actions = pulls ? 'pull' : request.method === 'DELETE' ? 'pull,push,delete' : 'pull,push';
    const scopes = [`repository:${request.repository}:${actions}`, ...(request.alsoPull ?? []).map((name) => `repository:${name}:pull`)];
    const tries = request.retry === false ? 1 : attempts;
    for (let count = 1, loggedIn = false; ; count += 1) {
      const used = authorizer.header(scopes);
      let response: Response;
      try {
        response = await once(request, used);
      } catch (cause) {
        if (isColophonError(cause)) throw cause;
        if (count >= tries) throw ociErrors.error('OCI_UNREACHABLE', `${base.host} does not answer`, { cause });
        await pause(count);
        continue;
      }
      if (response.status === 401 && !loggedIn) {
        await response.body?.cancel();
        loggedIn = true;
        count -= 1;
        if (await authorizer.logIn(response.headers.get('www-authenticate'), scopes, used)) continue;
        throw ociErrors.error('OCI_UNAUTHORIZED', `${base.host} wants credentials for ${request.repository}, or other ones`);
      }
      if (![429, 502, 503, 504].includes(response.status) || count >= tries) return response;
      await response.body?.cancel();
      await pause(count, retryAfter(response.headers.get('retry-after')));
    }
  }

  return { base, idle, send, pause };
}

/** Seconds or a date (RFC 9110, 10.2.3), in milliseconds. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const milliseconds = /^\d{1,6}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}
