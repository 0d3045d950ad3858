import { isIP } from 'node:net';
import { serverErrors } from '../errors.ts';
import { allows, type Holder, type TokenStore, type Wish } from './tokens.ts';

export interface Guard {
  /**
   * Refuses requests that a web page could have sent: an unknown `Host` (DNS rebinding) or a foreign `Origin`. The page controls the path, the
   * body and some headers, but neither of these two.
   */
  checkSender(headers: Headers): void;
  /** Who sent the request, or SERVER_UNAUTHORIZED / SERVER_FORBIDDEN. Reads that are open give undefined. */
  authorize(headers: Headers, wish: Wish): Holder | undefined;
}

export interface GuardOptions {
  readonly tokens: TokenStore;
  readonly read: 'open' | 'token';
  readonly publicUrl: () => URL;
}

export function createGuard(options: GuardOptions): Guard {
  function known(hostname: string): boolean {
    const plain = hostname.replace(/^\[|\]$/g, '').toLowerCase();
    // A page can make a name point here, but it cannot make a browser send a bare address that is not ours in `Host`.
    if (plain === 'localhost' || isIP(plain) !== 0) return true;
    return plain === options.publicUrl().hostname.toLowerCase();
  }

  return {
    checkSender(headers) {
      const host = headers.get('host') ?? '';
      if (!URL.canParse(`http://${host}`) || !known(new URL(`http://${host}`).hostname)) {
        throw serverErrors.error('SERVER_HOST_REFUSED', `this server is not ${JSON.stringify(host.slice(0, 200))}`);
      }
      const origin = headers.get('origin');
      if (origin !== null && origin !== options.publicUrl().origin && origin !== `http://${host}` && origin !== `https://${host}`) {
        throw serverErrors.error('SERVER_HOST_REFUSED', `a page of ${JSON.stringify(origin.slice(0, 200))} may not use this server`);
      }
      if (headers.get('sec-fetch-site') === 'cross-site')
        throw serverErrors.error('SERVER_HOST_REFUSED', 'a page of another site may not use this server');
    },
    authorize(headers, wish) {
      const token = readToken(headers);
      const holder = token === undefined ? undefined : options.tokens.find(token);
      if (holder !== undefined && allows(holder, wish)) return holder;
      // A wrong token is never better than none, but an open read stays open: docker clients send credentials everywhere.
      if (wish.verb === 'read' && wish.area !== 'runs' && options.read === 'open') return holder;
      if (holder === undefined)
        throw serverErrors.error('SERVER_UNAUTHORIZED', token === undefined ? 'a token is needed' : 'the token is not known here');
      throw serverErrors.error(
        'SERVER_FORBIDDEN',
        `the token ${holder.name} does not allow ${wish.verb} on ${wish.repository ?? wish.namespace ?? wish.area}`,
      );
    },
  };
}

/** Bearer, or Basic with the token as the password, as docker clients send it. */
export function readToken(headers: Headers): string | undefined {
  const value = headers.get('authorization') ?? '';
  const bearer = /^Bearer\s+(\S+)$/i.exec(value)?.[1];
  if (bearer !== undefined) return bearer;
  const basic = /^Basic\s+(\S+)$/i.exec(value)?.[1];
  return basic === undefined
    ? undefined
    : Buffer.from(basic, 'base64')
        .toString()
        .replace(/^[^:]*:/, '');
}
