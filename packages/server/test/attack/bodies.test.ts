// A hundred megabytes at every door: refused without being kept, by its declared length or not.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf } from '@colophon/core';
import { startProcess, type Sent, type ServerProcess } from '../support/server.ts';
import { temporary } from '../support-data.ts';

let server: ServerProcess;
let remove: () => Promise<void>;
beforeAll(async () => {
  const made = await temporary();
  remove = made.remove;
  server = await startProcess({ data: made.path });
});
afterAll(async () => {
  await server.kill('SIGTERM');
  await remove();
});

const megabyte = Buffer.alloc(1 << 20, 'x');
const count = 100;
async function* hundred(): AsyncIterable<Buffer> {
  for (let sent = 0; sent < count; sent += 1) yield megabyte;
}
const json = { 'content-type': 'application/json' };
const declared = { 'content-length': String(count * megabyte.length) };
const chunked = { 'transfer-encoding': 'chunked' };

/** Megabytes that the process holds now. */
async function held(): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024;
}

const doors: readonly [string, Sent, nobody: number[], administrator: number][] = [
  ['webhook', { method: 'POST', path: '/hooks/push', headers: json }, [413], 413],
  ['log', { method: 'POST', path: '/api/v1/log/entries', headers: json }, [401], 413],
  ['object', { method: 'POST', path: '/kubernetes/api/v1/namespaces/default/configmaps', headers: json }, [401], 413],
  [
    'manifest',
    { method: 'PUT', path: '/v2/mine/app/manifests/big', headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' } },
    [401],
    413,
  ],
  [
    'question',
    { method: 'POST', path: '/kubernetes/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', headers: json },
    [401, 413],
    413,
  ],
  ['token', { method: 'POST', path: '/colophon/v1/tokens', headers: json }, [401], 413],
];

it.each(doors)('%s', async (_, sent, nobody, administrator) => {
  const before = await held();
  for (const length of [declared, chunked]) {
    for (const [token, statuses] of [
      [undefined, nobody],
      [server.token, [administrator]],
    ] as const) {
      // Whoever hangs up while we send has refused as well.
      const answer = await server
        .send({ ...sent, token, headers: { ...sent.headers, ...length }, body: hundred() })
        .catch((error: { code?: string }) => error);
      if ('status' in answer) expect(statuses).toContain(answer.status);
      else expect(['ECONNRESET', 'EPIPE']).toContain(answer.code);
    }
  }
  expect((await server.send({ path: '/healthz' })).status).toBe(200);
  // Four bodies were sent: not one of them is kept.
  expect((await held()) - before).toBeLessThan(count);
});

it('the control: a blob of that size, with the right to it, is taken', async () => {
  const digest = digestOf(Buffer.concat(Array.from({ length: count }, () => megabyte)));
  const path = `/v2/mine/app/blobs/uploads/?digest=${digest}`;
  expect((await server.send({ method: 'POST', path, token: server.token, headers: declared, body: hundred() })).status).toBe(201);
});
