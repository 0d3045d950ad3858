import { describe, expect, test } from 'vitest';
import { createRegistryClient, ociErrors } from '../../src/index.ts';
import { parseChallenge } from '../../src/client/challenge.ts';
import { serve, type Handler } from '../serve.ts';
import { atEnd, codeOf, putImage, testImage, testRegistry } from '../support.ts';
import { recorder } from './fake.ts';

const credentials = async () => ({ username: 'me', password: 'secret' });
const mine = `Basic ${Buffer.from('me:secret').toString('base64')}`;

interface TokenRequest {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly grant: string | null;
  readonly authorization: string | null;
}

/** A registry behind token authentication (distribution, "Token Authentication Specification"). */
async function withTokens(options: { expires?: number; onlyPost?: boolean; revoke?: boolean } = {}) {
  const asked: TokenRequest[] = [];
  const valid = new Map<string, readonly string[]>();
  const issuer = await serve(async (request) => {
    const url = new URL(request.url);
    const form = request.method === 'POST' ? new URLSearchParams(await request.text()) : undefined;
    if (options.onlyPost === true && form === undefined) return new Response(null, { status: 405 });
    const scopes = form === undefined ? url.searchParams.getAll('scope') : (form.get('scope') ?? '').split(' ');
    const authorization = request.headers.get('authorization');
    asked.push({ method: request.method, scopes, grant: form?.get('grant_type') ?? null, authorization });
    const known =
      form === undefined ? authorization === mine : form.get('refresh_token') === 'refresh' || form.get('password') === 'secret';
    if (!known && authorization !== null) return new Response(null, { status: 401 });
    const token = `token-${asked.length}`;
    valid.set(token, known ? scopes : scopes.map((scope) => scope.replace(/:[^:]*$/, ':pull')));
    return Response.json({ [form === undefined ? 'token' : 'access_token']: token, expires_in: options.expires ?? 300 });
  });
  atEnd(() => issuer.close());
  const registry = await testRegistry({
    around(request, next) {
      const path = new URL(request.url).pathname;
      const repository = /^\/v2\/(.+?)\/(?:manifests|blobs|tags|referrers)\//.exec(path)?.[1] ?? '';
      const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push';
      const token = request.headers.get('authorization')?.replace(/^Bearer /, '') ?? '';
      const granted = (valid.get(token) ?? []).some((scope) => scope.startsWith(`repository:${repository}:`) && scope.includes(action));
      if (options.revoke === true) valid.delete(token);
      if (granted) return next(request);
      const challenge = `Bearer realm="http://${issuer.host}/token",service="test",scope="repository:${repository}:${action === 'pull' ? 'pull' : 'pull,push'}"`;
      return Response.json(
        { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] },
        { status: 401, headers: { 'www-authenticate': challenge } },
      );
    },
  });
  return { registry, asked, issuer };
}

describe('logging in to a registry', () => {
  test('Basic, once asked; then without being asked again', async () => {
    const { seen, around } = recorder();
    const { host } = await testRegistry({
      around,
      authorize: (request) => {
        if (request.headers.get('authorization') === mine) return 'me';
        throw ociErrors.error('OCI_UNAUTHORIZED', 'log in');
      },
    });
    const client = createRegistryClient({ registry: host, credentials });
    expect(await client.resolve('app', 'x')).toBeUndefined();
    expect(await client.resolve('app', 'y')).toBeUndefined();
    expect(seen.map(({ headers }) => headers.get('authorization'))).toEqual([null, mine, mine]);
    expect(await codeOf(createRegistryClient({ registry: host }).resolve('app', 'x'))).toBe('OCI_UNAUTHORIZED');
    const wrong = createRegistryClient({ registry: host, credentials: async () => ({ username: 'me', password: 'no' }) });
    expect(await codeOf(wrong.resolve('app', 'x'))).toBe('OCI_UNAUTHORIZED');
  });

  test('Bearer: a token for each scope, kept until it expires, fetched once for all who wait', async () => {
    const { registry, asked } = await withTokens();
    await putImage(registry, 'app', testImage('a'), 'latest');
    const client = createRegistryClient({ registry: registry.host, credentials });
    await Promise.all(Array.from({ length: 8 }, () => client.resolve('app', 'latest')));
    await client.tags('app');
    expect(asked).toHaveLength(1);
    await client.pushBlob('app', testImage('b').blobs[0]!.descriptor, testImage('b').blobs[0]!.bytes);
    expect(asked.map(({ scopes }) => scopes)).toEqual([['repository:app:pull'], ['repository:app:pull,push']]);
    expect(asked[0]).toMatchObject({ method: 'GET', authorization: mine });
  });

  test('anybody may have a token that pulls', async () => {
    const { registry, asked } = await withTokens();
    await putImage(registry, 'app', testImage('a'), 'latest');
    const client = createRegistryClient({ registry: registry.host });
    expect(await client.resolve('app', 'latest')).toBeDefined();
    expect(asked[0]?.authorization).toBeNull();
    expect(await codeOf(client.pushManifest('app', 'x', testImage('a').manifest, 'application/vnd.oci.image.manifest.v1+json'))).toBe(
      'OCI_UNAUTHORIZED',
    );
  });

  test('OAuth2: a refresh token by POST, and the password where GET is not offered', async () => {
    const refresh = await withTokens();
    const withRefresh = createRegistryClient({
      registry: refresh.registry.host,
      credentials: async () => ({ username: '', password: '', identityToken: 'refresh' }),
    });
    expect(await withRefresh.tags('app')).toEqual([]);
    expect(refresh.asked).toEqual([{ method: 'POST', scopes: ['repository:app:pull'], grant: 'refresh_token', authorization: null }]);
    const post = await withTokens({ onlyPost: true });
    expect(await createRegistryClient({ registry: post.registry.host, credentials }).tags('app')).toEqual([]);
    expect(post.asked).toEqual([{ method: 'POST', scopes: ['repository:app:pull'], grant: 'password', authorization: null }]);
  });

  test('a token that is taken back is replaced; a mount asks to read its source too', async () => {
    const { registry, asked } = await withTokens({ revoke: true });
    const { digest } = await registry.registry.putBlob('base', Buffer.from('layer'));
    const client = createRegistryClient({ registry: registry.host, credentials });
    await client.tags('app');
    await client.tags('app');
    expect(asked).toHaveLength(2);
    expect(await client.mount('app', digest, 'base')).toBe(true);
    expect(asked.at(-1)?.scopes).toEqual(['repository:app:pull,push', 'repository:base:pull']);
  });

  test('credentials go to no other host: not by redirect, not by upload location', async () => {
    const stolen: (string | null)[] = [];
    const thief = await serve((request) => {
      stolen.push(request.headers.get('authorization'));
      return new Response('x', { status: request.method === 'PUT' ? 201 : 200 });
    });
    atEnd(() => thief.close());
    const around = (request: Request, next: Handler): Response | Promise<Response> => {
      if (request.headers.get('authorization') !== mine)
        return new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
      const { pathname } = new URL(request.url);
      if (request.method === 'GET' && pathname.includes('/blobs/'))
        return new Response(null, { status: 307, headers: { location: `http://${thief.host}/x` } });
      if (request.method === 'POST') return new Response(null, { status: 202, headers: { location: `http://${thief.host}/upload` } });
      return next(request);
    };
    const { host } = await testRegistry({ around });
    const client = createRegistryClient({ registry: host, credentials });
    const { descriptor, bytes } = testImage('a').blobs[0]!;
    expect(await codeOf(client.blobBytes('app', { ...descriptor, size: 1 }))).toBe('OCI_CONTENT_MISMATCH');
    await client.pushBlob('app', descriptor, bytes);
    expect(stolen).toEqual([null, null]);
  });

  test('a registry elsewhere cannot send us to this machine, or from https to http', async () => {
    const places: string[] = [];
    const answer =
      (location: string): typeof fetch =>
      async (input) => {
        places.push((input as URL).href);
        return new Response(null, { status: 307, headers: { location } });
      };
    for (const location of [
      'http://127.0.0.1/x',
      'https://127.0.0.1/x',
      'https://localhost/x',
      'https://169.254.169.254/latest',
      'https://[::1]/',
      'https://2130706433/',
      'https://[::ffff:127.0.0.1]/',
      'http://cdn.example/x',
      'file:///etc/passwd',
    ]) {
      const client = createRegistryClient({ registry: 'registry.example', fetch: answer(location) });
      expect([location, await codeOf(client.tags('app'))]).toEqual([location, 'OCI_REGISTRY_FAILED']);
    }
    expect(new Set(places)).toEqual(new Set(['https://registry.example/v2/app/tags/list']));
    const realm: typeof fetch = async () =>
      new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer realm="http://169.254.169.254/token"' } });
    expect(await codeOf(createRegistryClient({ registry: 'registry.example', fetch: realm, credentials }).tags('app'))).toBe(
      'OCI_REGISTRY_FAILED',
    );
  });

  test.each([
    [
      'Bearer realm="https://a/b",service="c d",scope="repository:x:pull,push"',
      { scheme: 'bearer', parameters: { realm: 'https://a/b', service: 'c d', scope: 'repository:x:pull,push' } },
    ],
    ['Basic realm="Basic realm=\\"x\\"", Bearer realm="t"', { scheme: 'bearer', parameters: { realm: 't' } }],
    ['Negotiate, basic realm=plain', { scheme: 'basic', parameters: { realm: 'plain' } }],
    ['Digest realm="x"', undefined],
    ['', undefined],
    [null, undefined],
  ])('the challenge %s (RFC 9110, 11.6.1)', (header, expected) => {
    expect(parseChallenge(header)).toEqual(expected);
  });
});
