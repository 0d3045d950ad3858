import { parseJson } from '@colophon/core';
import { readLimited, streamChunks } from '../content/stream.ts';
import { ociErrors } from '../errors.ts';
import { checkPlace } from './address.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

export function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

interface TokenRequest {
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly base: URL;
  readonly fetch: typeof fetch;
}

/**
 * Fetches a bearer token (distribution, "Token Authentication" and "OAuth2 Token Authentication"): POST with a refresh token if we have one, else GET
 * with Basic, and where that is not offered POST with the password. The registry names the realm, so whoever controls it learns the credentials that
 * were meant for it anyway; redirects are not followed. OCI_UNAUTHORIZED.
 */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { realm = '' } = request.challenge.parameters;
  if (!URL.canParse(realm))
    throw ociErrors.error(
      'OCI_UNAUTHORIZED',
      `${request.base.host} names no place to get a token from: ${JSON.stringify(realm.slice(0, 200))}`,
    );
  const url = new URL(realm);
  checkPlace(request.base, url, 'sends us for a token to');
  const { credentials } = request;
  let response = await (credentials?.identityToken === undefined
    ? byGet(url, request)
    : byPost(url, request, { grant_type: 'refresh_token', refresh_token: credentials.identityToken }));
  if ((response.status === 404 || response.status === 405) && credentials !== undefined && credentials.identityToken === undefined) {
    await response.body?.cancel();
    response = await byPost(url, request, { grant_type: 'password', username: credentials.username, password: credentials.password });
  }
  const text = await readLimited(streamChunks(response.body, 60_000), 1 << 20, 'the token answer');
  if (!response.ok)
    throw ociErrors.error('OCI_UNAUTHORIZED', `${url.host} gave no token for ${request.scopes.join(' ')}: ${response.status}`);
  return parseToken(text, url.host);
}

function parseToken(text: Buffer, host: string): Token {
  const answer = parseJson(text, 'the token answer') as { token?: unknown; access_token?: unknown; expires_in?: unknown } | null;
  const found = answer?.token ?? answer?.access_token;
  if (typeof found !== 'string' || !/^[\x21-\x7e]+$/.test(found)) throw ociErrors.error('OCI_UNAUTHORIZED', `${host} gave no token`);
  // At least a minute, says the specification; ten seconds for clocks and the way.
  const seconds = typeof answer?.expires_in === 'number' && answer.expires_in > 60 ? answer.expires_in : 60;
  return { value: `Bearer ${found}`, expires: Date.now() + Math.min(seconds, 86_400) * 1000 - 10_000 };
}

function byGet(realm: URL, { challenge, scopes, credentials, fetch }: TokenRequest): Promise<Response> {
  const url = new URL(realm);
  const { service = '' } = challenge.parameters;
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  return fetch(url, { redirect: 'error', headers: credentials === undefined ? {} : { authorization: basic(credentials) } });
}

function byPost(url: URL, { challenge, scopes, fetch }: TokenRequest, grant: Readonly<Record<string, string>>): Promise<Response> {
  const { service = '' } = challenge.parameters;
  const body = new URLSearchParams({ ...grant, service, scope: scopes.join(' '), client_id: 'colophon' });
  return fetch(url, { method: 'POST', body, redirect: 'error' });
}
