// No write without the right to it: nobody, a wrong token, tokens of other scopes, a web page. Each request is sent again with the right, and then succeeds.
import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, sha256Hex } from '@colophon/core';
import { startProcess, type Sent, type ServerProcess } from '../support/server.ts';
import { temporary } from '../support-data.ts';

let server: ServerProcess;
let remove: () => Promise<void>;
const tokens = new Map<string, string>();
beforeAll(async () => {
  const { path, remove: removeData } = await temporary();
  remove = removeData;
  server = await startProcess({ data: path });
  const blob = Buffer.from('config');
  for (const repository of ['mine/app', 'mine/gone'])
    await expect(server.send(uploadOf(repository, blob)).then(({ status }) => status)).resolves.toBe(401);
  for (const repository of ['mine/app', 'mine/gone']) {
    expect((await server.send({ ...uploadOf(repository, blob), token: server.token })).status).toBe(201);
    const put = { ...manifestAt(`/v2/${repository}/manifests/old`), token: server.token };
    expect((await server.send(put)).status).toBe(201);
  }
  for (const name of ['old', 'patched', 'replaced']) await server.json('POST', `${core}/configmaps`, configMap(name));
  await server.issue('removable', [{ verbs: ['read'] }]);
  const scopes: Record<string, object[]> = {
    'a token of another namespace': [{ verbs: ['read', 'write', 'delete'], namespace: 'other' }],
    'an administrator of another namespace': [{ verbs: ['admin'], namespace: 'other' }],
    'a push token of another repository': [{ verbs: ['read', 'write', 'delete'], area: 'registry', repository: 'theirs/app' }],
    'a push token of a repository with the same beginning': [{ verbs: ['read', 'write', 'delete'], area: 'registry', repository: 'mine' }],
    'a token that reads': [{ verbs: ['read'] }],
  };
  for (const [at, [name, scope]] of Object.entries(scopes).entries()) tokens.set(name, await server.issue(`attacker-${at}`, scope));
  tokens.set('a token that was never given', 'colophon_'.padEnd(52, 'A'));
  tokens.set('half of the right token', server.token.slice(0, 30));
});
afterAll(async () => {
  await server.kill('SIGTERM');
  await remove();
});

const core = '/kubernetes/api/v1/namespaces/mine';
const tekton = '/kubernetes/apis/tekton.dev/v1/namespaces/mine';
const own = '/kubernetes/apis/colophon.dev/v1/namespaces/mine';
const json = { 'content-type': 'application/json' };

function uploadOf(repository: string, blob: Buffer): Sent {
  return { method: 'POST', path: `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob)}`, body: blob };
}

function manifestAt(path: string): Sent {
  const config = Buffer.from('config');
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: [],
  });
  return { method: 'PUT', path, headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }, body };
}

function configMap(name: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'mine' }, data: { a: 'b' } };
}

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
function logEntry(text: string): string {
  const signature = {
    content: sign('sha256', Buffer.from(text), key.privateKey).toString('base64'),
    publicKey: { content: Buffer.from(key.publicKey.export({ type: 'spki', format: 'pem' })).toString('base64') },
  };
  const spec = { data: { hash: { algorithm: 'sha256', value: sha256Hex(text) } }, signature };
  return JSON.stringify({ apiVersion: '0.0.1', kind: 'hashedrekord', spec });
}

const taskRun = {
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { generateName: 'a-', namespace: 'mine' },
  spec: { taskSpec: { steps: [{ name: 'a', image: 'registry.invalid/nothing', command: ['true'] }] } },
};
const repository = {
  apiVersion: 'colophon.dev/v1',
  kind: 'Repository',
  metadata: { name: 'r', namespace: 'mine' },
  spec: { url: 'https://x.example/r' },
};
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'mine' }, stringData: { a: 'b' } };
const encoded = (path: string) => path.replace('entries', '%65ntries');

const writes: readonly [string, Sent][] = [
  ['begin an upload', { method: 'POST', path: '/v2/mine/app/blobs/uploads/' }],
  ['push a blob', uploadOf('mine/app', Buffer.from('blob'))],
  ['mount a blob', { method: 'POST', path: `/v2/mine/app/blobs/uploads/?mount=${digestOf(Buffer.from('config'))}&from=mine/gone` }],
  ['push a tag', manifestAt('/v2/mine/app/manifests/new')],
  ['push an attestation’s tag', manifestAt(`/v2/mine/app/manifests/sha256-${'a'.repeat(64)}.att`)],
  ['push through an encoded path', manifestAt('/v2/%6dine/app/manifests/encoded')],
  ['remove a tag', { method: 'DELETE', path: '/v2/mine/gone/manifests/old' }],
  ['add to the log', { method: 'POST', path: '/api/v1/log/entries', headers: json, body: logEntry('one') }],
  ['add to the log by an encoded path', { method: 'POST', path: encoded('/api/v1/log/entries'), headers: json, body: logEntry('two') }],
  ['start a TaskRun', { method: 'POST', path: `${tekton}/taskruns`, headers: json, body: JSON.stringify(taskRun) }],
  ['create', { method: 'POST', path: `${core}/configmaps`, headers: json, body: JSON.stringify(configMap('new')) }],
  ['create a secret', { method: 'POST', path: `${core}/secrets`, headers: json, body: JSON.stringify(secret) }],
  ['register a repository', { method: 'POST', path: `${own}/repositories`, headers: json, body: JSON.stringify(repository) }],
  [
    'replace',
    {
      method: 'PUT',
      path: `${core}/configmaps/replaced`,
      headers: json,
      body: JSON.stringify({ ...configMap('replaced'), data: { a: 'c' } }),
    },
  ],
  [
    'patch',
    {
      method: 'PATCH',
      path: `${core}/configmaps/patched`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"data":{"a":"changed"}}',
    },
  ],
  [
    'apply',
    {
      method: 'PATCH',
      path: `${core}/configmaps/applied?fieldManager=x`,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify(configMap('applied')),
    },
  ],
  ['delete', { method: 'DELETE', path: `${core}/configmaps/old` }],
  ['delete them all', { method: 'DELETE', path: `${own}/builds` }],
  [
    'issue a token',
    { method: 'POST', path: '/colophon/v1/tokens', headers: json, body: JSON.stringify({ name: 'thief', scopes: [{ verbs: ['admin'] }] }) },
  ],
  ['revoke a token', { method: 'DELETE', path: '/colophon/v1/tokens/removable' }],
];

/** Everything that a write would change. */
async function everything(): Promise<unknown> {
  const list = (path: string) => server.json('GET', `/kubernetes${path}`);
  return {
    repositories: await server.json('GET', '/v2/_catalog'),
    tags: [await server.json('GET', '/v2/mine/app/tags/list'), await server.json('GET', '/v2/mine/gone/tags/list')],
    log: await server.json('GET', '/api/v1/log'),
    tokens: await server.json('GET', '/colophon/v1/tokens'),
    objects: [
      await list('/api/v1/configmaps'),
      await list('/api/v1/secrets'),
      await list('/apis/tekton.dev/v1/taskruns'),
      await list('/apis/colophon.dev/v1/repositories'),
    ].map(({ items }: { items: unknown }) => items),
  };
}

async function expectNothing(change: (sent: Sent) => Sent, statuses: readonly number[]): Promise<void> {
  const before = await everything();
  for (const [name, sent] of writes) {
    const answer = await server.send(change(sent));
    expect([name, statuses.includes(answer.status), answer.status]).toEqual([name, true, answer.status]);
  }
  expect(await everything()).toEqual(before);
}

describe('nothing is written', () => {
  it('without a token', () => expectNothing((sent) => sent, [401]));

  it.each([
    'a token of another namespace',
    'an administrator of another namespace',
    'a push token of another repository',
    'a push token of a repository with the same beginning',
    'a token that reads',
    'a token that was never given',
    'half of the right token',
  ])('with %s', async (name) => {
    const token = tokens.get(name) as string;
    await expectNothing((sent) => ({ ...sent, token }), [401, 403]);
    await expectNothing((sent) => ({ ...sent, path: `/with/${token}${sent.path}` }), [401, 403]);
    await expectNothing(
      (sent) => ({ ...sent, headers: { ...sent.headers, authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` } }),
      [401, 403],
    );
  });

  // Even a page that has learnt the token.
  it.each([
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page of another port of this machine', { origin: 'http://localhost:3000' }],
    ['a page in a frame without an origin', { origin: 'null' }],
    ['a request that the browser marks as another site’s', { 'sec-fetch-site': 'cross-site' }],
    ['a name that was made to point here (DNS rebinding)', { host: 'evil.example:7120' }],
    ['a name that was made to point here, whose page is its own origin', { host: 'evil.example', origin: 'http://evil.example' }],
  ])('by %s', (_, headers) => expectNothing((sent) => ({ ...sent, token: server.token, headers: { ...sent.headers, ...headers } }), [403]));

  it('by another way to the same place', async () => {
    const before = await everything();
    const [, add] = writes.find(([name]) => name === 'add to the log') as [string, Sent];
    for (const path of [
      '/api/v1/log/entries/',
      '//api/v1/log/entries',
      '/api/v1/log//entries',
      '/api/v1/log/./entries',
      '/api/v1/log/x/../entries',
      '/api/v1/log/entries%2f',
      '/API/V1/LOG/ENTRIES',
      '/api/v1/log/entries;x',
      '/api/v1/log/entries?x',
      '/hooks/push/../../api/v1/log/entries',
      '/hooks/push%2f..%2f..%2fapi/v1/log/entries',
      '/with/x/api/v1/log/entries',
      '/with/AAAAAAAAAAAA/with/AAAAAAAAAAAA/api/v1/log/entries',
    ]) {
      for (const headers of [json, { ...json, 'x-http-method-override': 'PUT' }]) {
        const { status } = await server.send({ ...add, path, headers });
        expect([path, status >= 400]).toEqual([path, true]);
      }
    }
    expect(await everything()).toEqual(before);
  });
});

it('the control: each of them succeeds with the right token, from here', async () => {
  for (const [name, sent] of writes) {
    const answer = await server.send({ ...sent, token: server.token });
    expect([name, answer.status, answer.status < 300 ? '' : answer.body.toString()]).toEqual([name, answer.status, '']);
  }
});

it('a token of one namespace, or of one repository, works there', async () => {
  const runs = await server.issue('runs-of-mine', [{ verbs: ['read', 'write', 'delete'], namespace: 'mine', area: 'runs' }]);
  const push = await server.issue('push-of-mine', [{ verbs: ['read', 'write'], area: 'registry', repository: 'mine/app' }]);
  const create = (token: string) =>
    server.send({ method: 'POST', path: `${core}/configmaps`, headers: json, token, body: JSON.stringify(configMap('scoped')) });
  const upload = (token: string) => server.send({ ...uploadOf('mine/app', Buffer.from('scoped')), token });
  expect([(await create(push)).status, (await create(runs)).status]).toEqual([403, 201]);
  expect([(await upload(runs)).status, (await upload(push)).status]).toEqual([403, 201]);
});
