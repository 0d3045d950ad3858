import { parseJson } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import type { Credentials } from './credentials.ts';

export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: Readonly<Record<string, string>>;
}

/** `WWW-Authenticate` (RFC 9110, 11.6.1): the first Bearer or Basic challenge. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const match = /\b(bearer|basic)\b([^]*)$/i.exec((header ?? '').slice(0, 4096));
  if (match === null) return undefined;
  const parameters: Record<string, string> = {};
  for (const [, name, quoted, plain] of (match[2] as string).matchAll(/([a-zA-Z]+)=(?:"([^"]*)"|([^\s,]+))/g))
    parameters[(name as string).toLowerCase()] = quoted ?? plain ?? '';
  return { scheme: (match[1] as string).toLowerCase() as Challenge['scheme'], parameters };
}

export function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/**
 * Fetches a bearer token (distribution's token authentication): POST with a refresh token, else GET with Basic. The realm comes from the registry, which
 * so learns the credentials that were meant for it; it must speak https unless the registry itself was asked in plain.
 */
export async function fetchToken(
  challenge: Challenge,
  scope: string,
  credentials: Credentials | undefined,
  options: { fetch: typeof fetch; insecure: boolean },
): Promise<string> {
  const { realm = '', service = '' } = challenge.parameters;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && !(options.insecure && url.protocol === 'http:'))) {
    throw ociErrors.error('OCI_UNAUTHORIZED', `the registry names ${JSON.stringify(realm.slice(0, 200))} to get a token from`);
  }
  const response = await request(url, service, scope, credentials, options.fetch);
  if (!response.ok) throw ociErrors.error('OCI_UNAUTHORIZED', `${url.host} gave no token for ${scope}: ${response.status}`);
  const { token, access_token: access } = parseJson(await response.text(), 'the token answer') as { token?: string; access_token?: string };
  const found = token ?? access;
  if (typeof found !== 'string' || found === '') throw ociErrors.error('OCI_UNAUTHORIZED', `${url.host} gave no token for ${scope}`);
  return found;
}

async function request(
  url: URL,
  service: string,
  scope: string,
  credentials: Credentials | undefined,
  fetcher: typeof fetch,
): Promise<Response> {
  if (credentials?.identityToken !== undefined) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      service,
      scope,
      client_id: 'colophon',
      refresh_token: credentials.identityToken,
    });
    return fetcher(url, { method: 'POST', body: form, redirect: 'error' });
  }
  if (service !== '') url.searchParams.set('service', service);
  for (const one of scope.split(' ')) url.searchParams.append('scope', one);
  return fetcher(url, { redirect: 'error', headers: credentials === undefined ? {} : { authorization: basic(credentials) } });
}
