// A run's push token: for its repository, for images only, while the run lives.
import { request } from 'node:http';
import { join } from 'node:path';
import { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRegistry, createRegistryRoutes, openUploads, registryMigrations, type Registry } from '@colophon/oci';
import { digestOf } from '@colophon/core';
import type { OpenRelays, Relays } from '@colophon/runner';
import { openBlobStore, openDatabase } from '@colophon/store';
import { createGuard } from '../../src/access/guard.ts';
import { openTokenStore, type TokenStore } from '../../src/access/tokens.ts';
import { createRegistries } from '../../src/collaborators/registries.ts';
import { createRelays } from '../../src/collaborators/relays.ts';
import { registryWish } from '../../src/front/access.ts';
import { temporary } from '../support-data.ts';

const url = new URL('http://registry.example');
const run = { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', namespace: 'default', name: 'r', uid: 'u' } as const;
let tokens: TokenStore;
let registry: Registry;
let app: Hono;
let relays: Relays;
const pushers: string[] = [];
beforeAll(async () => {
  const { path, remove } = await temporary();
  tokens = await openTokenStore(join(path, 'tokens.json'));
  const blobs = await openBlobStore(join(path, 'blobs'));
  const database = await openDatabase(join(path, 'registry.sqlite'), { migrations: registryMigrations });
  registry = createRegistry({ blobs, database });
  const guard = createGuard({ tokens, read: 'open', publicUrl: () => url });
  app = createRegistryRoutes({
    registry,
    uploads: await openUploads(join(path, 'uploads')),
    authorize: (asked, wish) => guard.authorize(asked.headers, registryWish(asked, wish))?.subject ?? '',
  });
  relays = createRelays({
    directory: path,
    tokens,
    registries: createRegistries(registry, () => url),
    registryFetch: (asked) => app.fetch(asked),
    pushedBy: async (subject) => {
      pushers.push(subject);
      const rows = await database.all<{ repository: string; digest: `sha256:${string}`; media_type: string; size: number }>(
        'SELECT * FROM manifests WHERE pushed_by = ?',
        [subject],
      );
      return rows.map(({ repository, digest, media_type: mediaType, size }) => ({
        repository,
        reference: repository,
        digest,
        mediaType,
        size,
      }));
    },
  });
  return async () => {
    await database.close();
    await remove();
  };
});

/** GET over a Unix socket. */
async function ask(socketPath: string | undefined, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, headers: { host: 'registry.example' } }, (response) => {
      let body = '';
      response
        .on('data', (chunk: Buffer) => (body += chunk.toString()))
        .on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject).end();
  });
}

/** What a step reads from its socket: a docker configuration. */
async function tokenOf({ sockets }: OpenRelays): Promise<string> {
  const { body: text } = await ask(sockets[0]?.hostPath, '/');
  const { auths } = JSON.parse(text) as { auths: Record<string, { auth: string }> };
  return Buffer.from(auths['registry.example']?.auth ?? '', 'base64')
    .toString()
    .replace(/^colophon:/, '');
}

const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
async function push(token: string, repository: string, reference: string, more = ''): Promise<number> {
  const authorization = `Basic ${Buffer.from(`colophon:${token}`).toString('base64')}`;
  const send = async (method: string, path: string, type: string, body: Buffer) =>
    (await app.request(path, { method, headers: { authorization, 'content-type': type }, body: new Uint8Array(body) })).status;
  const uploaded = await send('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(config)}`, 'application/octet-stream', config);
  if (uploaded !== 201) return uploaded;
  return send('PUT', `/v2/${repository}/manifests/${reference}${more}`, 'application/vnd.oci.image.manifest.v1+json', manifest);
}
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: [],
  }),
);
const open = (repository = 'registry.example/app') => relays.open({ run, network: false, push: repository });

describe('a step with a push token', () => {
  it('pushes its image, and the registry tells whose it was', async () => {
    const opened = await open();
    expect(await push(await tokenOf(opened), 'app', 'v1')).toBe(201);
    expect(await opened.close()).toEqual([
      expect.objectContaining({ repository: 'app', digest: digestOf(manifest), task: '', workspace: '' }),
    ]);
    expect(pushers.at(-1)).toMatch(/^run-token-/);
  });

  const attested = digestOf(manifest).replace(':', '-');
  const forgeries = [
    [`${attested}.att`, ''],
    [`${attested}.sig`, ''],
    [`${attested}.sbom`, ''],
    [attested, ''],
    [`${attested}.at%74`, ''],
    [`%73ha256-${attested.slice(7)}.att`, ''],
    [digestOf(manifest), `?tag=${attested}.att`],
    [digestOf(manifest), `?tag=v2&tag=${attested}.sig`],
    [digestOf(manifest), `?%74ag=${attested}.att`],
  ] as const;

  it.each(forgeries)('cannot write what is said of an image: manifests/%s%s', async (reference, more) => {
    const opened = await open();
    const before = await registry.tags('app');
    expect(await push(await tokenOf(opened), 'app', reference, more)).toBe(403);
    expect(await registry.tags('app')).toEqual(before);
    await opened.close();
  });

  it('the control: a token of the same repository without that restriction can', async () => {
    const token = await tokens.issue('unrestricted', [{ verbs: ['read', 'write'], area: 'registry', repository: 'app' }]);
    for (const [reference, more] of forgeries)
      expect([reference, more, await push(token, 'app', reference, more)]).toEqual([reference, more, 201]);
  });

  it('pushes nowhere else, and removes nothing', async () => {
    const opened = await open();
    const token = await tokenOf(opened);
    for (const repository of ['other', 'app/below', 'ap', 'app2'])
      expect([repository, await push(token, repository, 'v1')]).toEqual([repository, 403]);
    const remove = await app.request('/v2/app/manifests/v1', { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
    expect(remove.status).toBe(403);
    expect(await push(token, 'app', 'v1')).toBe(201);
    await opened.close();
  });

  it('has it no longer when the attempt has ended; closing twice is closing', async () => {
    const opened = await open();
    const token = await tokenOf(opened);
    expect(await opened.close()).toEqual(await opened.close());
    expect(tokens.find(token)).toBeUndefined();
    expect(await push(token, 'app', 'late')).toBe(401);
    await expect(tokenOf(opened)).rejects.toThrow('ENOENT');
  });

  it('the token is masked in its logs, plain and as docker writes it', async () => {
    const opened = await open();
    const token = await tokenOf(opened);
    expect(opened.masks).toEqual([token, Buffer.from(`colophon:${token}`).toString('base64')]);
    await opened.close();
  });

  it('reaches the registry, and nothing else of the server, by a port of its own', async () => {
    const opened = await open();
    const [port] = opened.ports ?? [];
    expect(port?.port).toBe(80);
    expect((await ask(port?.socketPath, '/v2/_catalog')).status).toBe(200);
    for (const path of ['/colophon/v1/tokens', '/kubernetes/api/v1/secrets', '/api/v1/log', '/hooks/push', '/'])
      expect([path, (await ask(port?.socketPath, path)).status]).toEqual([path, 404]);
    await opened.close();
    await expect(ask(port?.socketPath, '/v2/_catalog')).rejects.toThrow('ENOENT');
  });

  it('gets none for a registry that is not ours', async () => {
    await expect(open('elsewhere.example/app')).rejects.toMatchObject({ code: 'SERVER_FORBIDDEN' });
  });
});
