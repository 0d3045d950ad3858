import { setTimeout as sleep } from 'node:timers/promises';
import { isIP } from 'node:net';
import { ociErrors } from '../errors.ts';
import { basic, fetchToken, parseChallenge } from './auth.ts';
import type { FindCredentials } from './credentials.ts';

export type RequestBody = NonNullable<RequestInit['body']>;

export interface TransportOptions {
  readonly registry: string;
  readonly credentials?: FindCredentials;
  /** Plain http. Default: only for loopback. */
  readonly insecure?: boolean;
  readonly fetch?: typeof fetch;
  readonly userAgent?: string;
  /** Tries of a request that may be repeated. */
  readonly attempts?: number;
}

export interface TransportRequest {
  readonly method: string;
  /** Path from `/v2/` on, or a whole URL that the registry gave (an upload's Location). */
  readonly path: string;
  readonly repository: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A function gives the body anew for each try. */
  readonly body?: () => RequestBody;
  readonly signal?: AbortSignal | undefined;
}

export type Transport = (request: TransportRequest) => Promise<Response>;

export function isLoopback(registry: string): boolean {
  const host = new URL(`http://${registry}`).hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.')) || host === '::1';
}

/** Sends requests to one registry: logs in when it is asked to, keeps tokens by scope, follows redirects without credentials, tries again what may be. */
export function createTransport(options: TransportOptions): Transport {
  const fetcher = options.fetch ?? fetch;
  const insecure = options.insecure ?? isLoopback(options.registry);
  const host = options.registry === 'docker.io' ? 'registry-1.docker.io' : options.registry;
  const base = new URL(`${insecure ? 'http' : 'https'}://${host}`);
  const authorization = new Map<string, string>();

  async function once(request: TransportRequest, scope: string): Promise<Response> {
    let url = new URL(request.path, base);
    for (let hop = 0; hop < 6; hop += 1) {
      const own = url.origin === base.origin;
      const known = own ? authorization.get(scope) : undefined;
      const response = await fetcher(url, {
        method: request.method,
        redirect: 'manual',
        headers: {
          'user-agent': options.userAgent ?? 'colophon',
          ...request.headers,
          ...(known === undefined ? {} : { authorization: known }),
        },
        ...(request.body === undefined ? {} : { body: request.body(), duplex: 'half' }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      const location = response.headers.get('location');
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
      await response.body?.cancel();
      const next = new URL(location, url);
      if (url.protocol === 'https:' && next.protocol !== 'https:')
        throw ociErrors.error('OCI_REGISTRY_FAILED', `${host} redirects to plain http`);
      url = next;
    }
    throw ociErrors.error('OCI_REGISTRY_FAILED', `${host} redirects without end`);
  }

  async function logIn(response: Response, scope: string): Promise<boolean> {
    const challenge = parseChallenge(response.headers.get('www-authenticate'));
    const before = authorization.get(scope);
    if (challenge === undefined) return false;
    const credentials = await options.credentials?.(options.registry);
    if (challenge.scheme === 'basic') {
      if (credentials === undefined || before === basic(credentials)) return false;
      authorization.set(scope, basic(credentials));
      return true;
    }
    const wanted = challenge.parameters['scope'] ?? scope;
    const value = `Bearer ${await fetchToken(challenge, wanted, credentials, { fetch: fetcher, insecure })}`;
    if (value === before) return false;
    authorization.set(scope, value);
    return true;
  }

  return async (request) => {
    const pushes = request.method !== 'GET' && request.method !== 'HEAD';
    const scope = `repository:${request.repository}:${pushes ? 'pull,push' : 'pull'}`;
    const attempts = options.attempts ?? 5;
    for (let attempt = 1, loggedIn = false; ; attempt += 1) {
      let response: Response;
      try {
        response = await once(request, scope);
      } catch (cause) {
        if (request.signal?.aborted === true || (cause as { code?: string }).code === 'OCI_REGISTRY_FAILED') throw cause;
        if (attempt >= attempts || request.method === 'PATCH')
          throw ociErrors.error('OCI_UNREACHABLE', `${host} does not answer`, { cause });
        await sleep(100 * 2 ** attempt);
        continue;
      }
      if (response.status === 401 && !loggedIn) {
        await response.body?.cancel();
        loggedIn = true;
        if (await logIn(response, scope)) continue;
        throw ociErrors.error('OCI_UNAUTHORIZED', `${host} wants credentials for ${request.repository}`);
      }
      const temporary = response.status === 429 || response.status === 502 || response.status === 503 || response.status === 504;
      if (!temporary || attempt >= attempts || request.method === 'PATCH') return response;
      await response.body?.cancel();
      await sleep(retryAfter(response.headers.get('retry-after')) ?? 200 * 2 ** attempt);
    }
  };
}

/** Seconds or a date (RFC 9110, 10.2.3); at most a minute. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const milliseconds = /^\d{1,6}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(milliseconds) ? Math.min(60_000, Math.max(0, milliseconds)) : undefined;
}
