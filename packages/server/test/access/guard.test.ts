import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createGuard, readToken, type Guard } from '../../src/access/guard.ts';
import type { TokenStore, Wish } from '../../src/access/tokens.ts';
import { openTokenStore } from '../../src/access/tokens.ts';
import { temporary } from '../support-data.ts';

const publicUrl = () => new URL('https://build.example.org:8443');
let tokens: TokenStore;
let open: Guard;
let closed: Guard;
beforeAll(async () => {
  const { path, remove } = await temporary();
  tokens = await openTokenStore(join(path, 'tokens.json'));
  open = createGuard({ tokens, read: 'open', publicUrl });
  closed = createGuard({ tokens, read: 'token', publicUrl });
  return remove;
});

const accepts = (headers: Record<string, string>) => {
  try {
    open.checkSender(new Headers(headers));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'SERVER_HOST_REFUSED', status: 403 });
    return false;
  }
};

describe('Host (RFC 9110, 7.2)', () => {
  it.each(['build.example.org:8443', 'BUILD.example.org', 'localhost', 'localhost:7120', '127.0.0.1:7120', '[::1]:7120', '192.0.2.7'])(
    '%s is ours',
    (host) => expect(accepts({ host })).toBe(true),
  );
  it.each([
    '',
    'evil.example',
    'evil.example:7120',
    'build.example.org.evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'evil.example#localhost',
    'evil.example/localhost',
    'evil.example?localhost',
    'a b',
    'sub.localhost',
    '127.0.0.1:99999',
  ])('%j is not', (host) => expect(accepts({ host })).toBe(false));
  it('a request without one is refused', () => expect(accepts({})).toBe(false));
});

describe('Origin and Sec-Fetch-Site (Fetch; Fetch Metadata)', () => {
  const host = 'localhost:7120';
  it.each([
    [{ host }, true],
    [{ host, origin: 'http://localhost:7120' }, true],
    [{ host, origin: 'https://localhost:7120' }, true],
    [{ host, origin: 'https://build.example.org:8443' }, true],
    [{ host, origin: 'http://localhost:3000' }, false],
    [{ host, origin: 'http://localhost' }, false],
    [{ host, origin: 'https://evil.example' }, false],
    [{ host, origin: 'null' }, false],
    [{ host, origin: '' }, false],
    [{ host, origin: 'http://localhost:7120.evil.example' }, false],
    [{ host, 'sec-fetch-site': 'same-origin' }, true],
    [{ host, 'sec-fetch-site': 'none' }, true],
    [{ host, 'sec-fetch-site': 'cross-site' }, false],
  ])('%j: %j', (headers, expected) => expect(accepts(headers as Record<string, string>)).toBe(expected));
});

describe('tokens in a request', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  it.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{ authorization: 'Bearer t-1' }, 't-1'],
    [{ authorization: 'bearer  t-1' }, 't-1'],
    [basic('colophon:t-1'), 't-1'],
    [basic('anybody:t-1:with:colons'), 't-1:with:colons'],
    [basic('t-1'), 't-1'],
    [{ authorization: 'Digest t-1' }, undefined],
    [{ authorization: 'Bearer' }, undefined],
    [{ authorization: 'Bearer a b' }, undefined],
  ])('%j', (headers, token) => expect(readToken(new Headers(headers))).toBe(token));
});

describe('authorize', () => {
  const read = (area: Wish['area']): Wish => ({ area, verb: 'read' });
  const bearer = (token: string) => new Headers({ authorization: `Bearer ${token}` });
  const none = new Headers();

  it('without a token nothing is written, and runs are not read', () => {
    for (const guard of [open, closed]) {
      for (const area of ['runs', 'registry', 'log'] as const)
        for (const verb of ['write', 'delete', 'admin'] as const)
          expect(() => guard.authorize(none, { area, verb })).toThrow(
            expect.objectContaining({ code: 'SERVER_UNAUTHORIZED', status: 401 }),
          );
      expect(() => guard.authorize(none, read('runs'))).toThrow(expect.objectContaining({ status: 401 }));
    }
  });

  it('registry and log are read by anybody where reads are open, and by nobody without a token where they are not', () => {
    for (const area of ['registry', 'log'] as const) {
      expect(open.authorize(none, read(area))).toBeUndefined();
      expect(open.authorize(bearer('wrong'), read(area))).toBeUndefined();
      expect(() => closed.authorize(none, read(area))).toThrow(expect.objectContaining({ status: 401 }));
      expect(() => closed.authorize(bearer('wrong'), read(area))).toThrow(expect.objectContaining({ status: 401 }));
    }
  });

  it('a known token that does not allow it is 403, and the answer does not repeat the token', async () => {
    const token = await tokens.issue('reader', [{ verbs: ['read'], namespace: 'a' }]);
    expect(open.authorize(bearer(token), { area: 'runs', verb: 'read', namespace: 'a' })?.name).toBe('reader');
    for (const wish of [
      { area: 'runs', verb: 'write', namespace: 'a' },
      { area: 'runs', verb: 'read', namespace: 'b' },
      { area: 'registry', verb: 'write', repository: 'a' },
    ] as const) {
      const refusal = () => open.authorize(bearer(token), wish);
      expect(refusal).toThrow(expect.objectContaining({ code: 'SERVER_FORBIDDEN', status: 403 }));
      expect(refusal).not.toThrow(token);
    }
  });

  it('an expired token is no token', async () => {
    const token = await tokens.issue('past', [{ verbs: ['admin'] }], { expires: new Date(Date.now() - 1) });
    expect(() => open.authorize(bearer(token), read('runs'))).toThrow(expect.objectContaining({ status: 401 }));
  });
});
