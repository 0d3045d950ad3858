import { ociErrors } from '../errors.ts';
import { parseChallenge } from './challenge.ts';
import type { FindCredentials } from './credentials.ts';
import { basic, fetchToken, type Token } from './tokens.ts';

export interface Authorizer {
  /** The `Authorization` header for these scopes, as far as it is known. */
  header(scopes: readonly string[]): string | undefined;
  /** Answers a challenge to a request that had `used` as its header; false if there is nothing else to try. */
  logIn(challenge: string | null, scopes: readonly string[], used: string | undefined): Promise<boolean>;
}

/** Knows how to log in to one registry; tokens are kept by scope until they expire, and fetched once for all who wait. */
export function createAuthorizer(
  registry: string,
  base: URL,
  options: { credentials?: FindCredentials | undefined; fetch: typeof fetch },
): Authorizer {
  const tokens = new Map<string, Token>();
  const waiting = new Map<string, Promise<Token>>();
  let password: string | undefined;

  return {
    header(scopes) {
      const token = tokens.get(scopes.join(' '));
      return token !== undefined && token.expires > Date.now() ? token.value : password;
    },
    async logIn(header, scopes, used) {
      const challenge = parseChallenge(header);
      if (challenge === undefined) return false;
      const credentials = await options.credentials?.(registry);
      if (challenge.scheme === 'basic') {
        if (credentials === undefined) return false;
        if (credentials.identityToken !== undefined && credentials.password === '')
          throw ociErrors.error('OCI_UNAUTHORIZED', `${registry} wants a password; the configuration has only a token`);
        password = basic(credentials);
        return password !== used;
      }
      const key = scopes.join(' ');
      // What the registry says that it needs, and what we know that the request needs (a mount also reads its source).
      const wanted = [...new Set([...scopes, ...(challenge.parameters['scope'] ?? '').split(' ')])].filter((scope) => scope !== '');
      // Another request may have been given one meanwhile.
      const known = tokens.get(key);
      if (known !== undefined && known.value !== used && known.expires > Date.now()) return true;
      let pending = waiting.get(key);
      if (pending === undefined) {
        pending = fetchToken({ challenge, scopes: wanted, credentials, base, fetch: options.fetch }).finally(() => waiting.delete(key));
        waiting.set(key, pending);
      }
      const token = await pending;
      tokens.set(key, token);
      return token.value !== used;
    },
  };
}
