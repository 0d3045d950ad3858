// What only holders of the right read, whatever `read` says; and that no path leads out of what is served.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProcess, type Sent, type ServerProcess } from '../support/server.ts';
import { hashedrekord, temporary } from '../support-data.ts';

let server: ServerProcess;
let closed: ServerProcess;
let data: string;
const removals: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const [open, shut] = [await temporary(), await temporary()];
  removals.push(open.remove, shut.remove);
  data = open.path;
  [server, closed] = await Promise.all([startProcess({ data }), startProcess({ data: shut.path, read: 'token' })]);
  for (const one of [server, closed]) {
    await one.json('POST', '/api/v1/log/entries', hashedrekord('an entry'));
    await one.json('POST', '/kubernetes/api/v1/namespaces/mine/secrets', secret);
    await one.json('POST', '/kubernetes/apis/tekton.dev/v1/namespaces/mine/taskruns', taskRun);
  }
});
afterAll(async () => {
  await Promise.all([server.kill('SIGTERM'), closed.kill('SIGTERM')]);
  for (const remove of removals) await remove();
});

const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'mine' }, stringData: { a: 'hidden' } };
const taskRun = {
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { name: 'run', namespace: 'mine' },
  spec: { taskSpec: { steps: [{ name: 'a', image: 'registry.invalid/nothing', command: ['true'] }] } },
};

const hidden = [
  '/kubernetes/api/v1/secrets',
  '/kubernetes/api/v1/namespaces/mine/secrets',
  '/kubernetes/api/v1/namespaces/mine/secrets/s',
  '/kubernetes/api/v1/namespaces/mine/secrets?watch=1&timeoutSeconds=1',
  '/kubernetes/apis/tekton.dev/v1/taskruns',
  '/kubernetes/apis/tekton.dev/v1/namespaces/mine/taskruns/run',
  '/kubernetes/apis/colophon.dev/v1/builds',
  '/kubernetes/apis/colophon.dev/v1/repositories',
  '/kubernetes/api/v1/namespaces/mine/pods',
  '/kubernetes/api/v1/namespaces/mine/pods/run-pod/log?container=step-a',
  '/colophon/v1/values',
  '/colophon/v1/tokens',
  '/colophon/v1/version',
];

describe('secrets, runs, their logs and the administration', () => {
  it.each(hidden)('%s needs a token, even where reads are open', async (path) => {
    expect((await server.send({ path })).status).toBe(401);
    expect((await server.send({ path, token: 'colophon_'.padEnd(52, 'A') })).status).toBe(401);
    // HEAD says no more than GET.
    expect([401, 405]).toContain((await server.send({ method: 'HEAD', path })).status);
    // The control: the administrator's.
    expect((await server.send({ path, token: server.token })).status).not.toBe(401);
  });

  it('a token that reads one namespace reads its runs, not its secrets, and nothing of another', async () => {
    const token = await server.issue('reader', [{ verbs: ['read'], namespace: 'mine' }]);
    const other = await server.issue('other-reader', [{ verbs: ['read', 'write'], namespace: 'other' }]);
    const status = async (path: string, given = token) => (await server.send({ path: `/kubernetes${path}`, token: given })).status;
    expect(await status('/apis/tekton.dev/v1/namespaces/mine/taskruns/run')).toBe(200);
    expect(await status('/apis/tekton.dev/v1/namespaces/mine/taskruns/run', other)).toBe(403);
    expect(await status('/apis/tekton.dev/v1/taskruns')).toBe(403);
    expect(await status('/api/v1/namespaces/mine/secrets/s')).toBe(403);
    expect(await status('/api/v1/namespaces/mine/secrets/s', other)).toBe(403);
    expect(await status('/api/v1/namespaces/mine/secrets/s', server.token)).toBe(200);
  });
});

const readable = [
  '/v2/_catalog',
  '/api/v1/log',
  '/api/v1/log/entries?logIndex=0',
  '/api/v1/log/publicKey',
  '/api/v1/log/tiles/checkpoint',
  '/metrics',
];
const questions: readonly Sent[] = [
  ...readable.map((path) => ({ path })),
  { method: 'POST', path: '/api/v1/log/entries/retrieve', headers: { 'content-type': 'application/json' }, body: '{"logIndexes":[0]}' },
  {
    method: 'POST',
    path: '/api/v1/index/retrieve',
    headers: { 'content-type': 'application/json' },
    body: `{"hash":"sha256:${'a'.repeat(64)}"}`,
  },
];

describe('registry and log', () => {
  it('are read by anybody where reads are open', async () => {
    for (const sent of questions) expect([sent.path, (await server.send(sent)).status]).toEqual([sent.path, 200]);
  });

  it('need a token where they are not', async () => {
    const token = await closed.issue('log-reader', [{ verbs: ['read'] }]);
    for (const sent of questions) {
      expect([sent.path, (await closed.send(sent)).status]).toEqual([sent.path, 401]);
      expect([sent.path, (await closed.send({ ...sent, token })).status]).toEqual([sent.path, 200]);
    }
  });

  it('what verifiers need to trust, and whether the server lives, is for everybody', async () => {
    for (const path of [
      '/trust/trusted_root.json',
      '/trust/signing_config.json',
      '/trust/provenance.pub',
      '/trust/log.pub',
      '/builders/sandbox',
      '/healthz',
    ])
      expect([path, (await closed.send({ path })).status]).toEqual([path, 200]);
  });
});

describe('paths', () => {
  const places = [
    '/v2/',
    '/v2/mine/app/blobs/uploads/',
    '/v2/mine/app/blobs/',
    '/v2/mine/app/manifests/',
    '/api/v1/log/tiles/',
    '/api/v1/log/tiles/tile/',
    '/api/v1/log/entries/',
    '/kubernetes/api/v1/namespaces/',
    '/kubernetes/api/v1/namespaces/mine/secrets/',
    '/kubernetes/api/v1/namespaces/mine/pods/run-pod/log?container=',
    '/kubernetes/api/v1/namespaces/mine/pods/',
    '/trust/',
    '/builders/',
    '/with/',
    '/',
  ];
  const files = ['keys/log.key', 'admin.token', 'tokens.json', 'kubeconfig', 'version'];
  const ways = (file: string) =>
    ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..%252f', '..\\', '..%5c', '....//', '.%00./'].flatMap((up) =>
      [1, 5].map((times) => up.repeat(times) + file),
    );

  it('lead to no file of the data directory, with every token', async () => {
    const contents = await Promise.all(files.map((file) => readFile(join(data, file), 'utf8')));
    // The control: there is something to find.
    for (const [at, content] of contents.entries()) expect([files[at], content.length > 0]).toEqual([files[at], true]);
    for (const place of places) {
      for (const [at, file] of files.entries()) {
        for (const way of [...ways(file), `/${join(data, file)}`, `file://${join(data, file)}`]) {
          const { status, body } = await server.send({ path: `${place}${encodeURI(way).replaceAll('%25', '%')}`, token: server.token });
          const found = file !== 'version' && body.toString().includes((contents[at] as string).trim());
          expect([place, way, status < 500, found || (file === 'version' && body.toString() === contents[at])]).toEqual([
            place,
            way,
            true,
            false,
          ]);
        }
      }
    }
  });
});
