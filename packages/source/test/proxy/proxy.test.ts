import { createServer, request, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isPublicAddress, startRecordingProxy, type RecordingProxy } from '@colophon/source';
import { sha256Hex } from '@colophon/core';

let origin: Server;
let port: number;
const socketPath = join(mkdtempSync(join(tmpdir(), 'colophon-proxy-')), 'proxy.sock');

beforeAll(async () => {
  origin = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve));
  port = (origin.address() as AddressInfo).port;
});
afterAll(() => origin.close());

const get = (url: string) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    request({ socketPath, path: url, method: 'GET' }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    })
      .on('error', reject)
      .end();
  });

const tunnel = (target: string) =>
  new Promise<string>((resolve) => {
    const socket = connect(socketPath, () => socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`));
    socket.once('data', (chunk) => {
      resolve(chunk.toString().split('\r\n')[0] as string);
      socket.destroy();
    });
  });

async function withProxy<Result>(options: object, work: (proxy: RecordingProxy) => Promise<Result>): Promise<Result> {
  const proxy = await startRecordingProxy({ socketPath, ...options });
  try {
    return await work(proxy);
  } finally {
    await proxy.close();
  }
}

it('refuses loopback, private and link-local addresses, by name and by number; without the check they are reached', async () => {
  await withProxy(
    { allow: () => true, resolve: async (host: string) => [host === 'rebind.example' ? '127.0.0.1' : host] },
    async (proxy) => {
      for (const host of ['127.0.0.1', 'rebind.example', '169.254.169.254', '10.0.0.1', '192.168.1.1', '0.0.0.0']) {
        expect((await get(`http://${host}:${port}/`)).status).toBe(403);
        expect(await tunnel(`${host}:${port}`)).toBe('HTTP/1.1 403 Forbidden');
      }
      expect(proxy.records().every(({ outcome }) => outcome === 'refused')).toBe(true);
      expect(proxy.records()).toHaveLength(12);
    },
  );
  await withProxy({ allow: () => true, allowAddress: () => true, resolve: async () => ['127.0.0.1'] }, async (proxy) => {
    expect(await get(`http://rebind.example:${port}/x`)).toEqual({ status: 200, body: 'hello' });
    expect(await tunnel(`rebind.example:${port}`)).toBe('HTTP/1.1 200 Connection established');
    await expect
      .poll(() => proxy.records())
      .toMatchObject([
        { method: 'GET', target: `http://rebind.example:${port}/x`, outcome: 'forwarded', received: 5, sha256: sha256Hex('hello') },
        { method: 'CONNECT', target: `https://rebind.example:${port}`, outcome: 'forwarded' },
      ]);
  });
});

it('refuses other ports, other schemes and more requests than the limit', async () => {
  await withProxy({ limit: 3 }, async (proxy) => {
    expect((await get('http://example.org:22/')).status).toBe(403);
    expect((await get('https://example.org/')).status).toBe(403);
    expect((await get('/etc/passwd')).status).toBe(403);
    expect((await get('http://example.org/')).body).toContain('more than 3 requests');
    expect(proxy.records().map(({ outcome }) => outcome)).toContain('refused');
  });
});

it.each([
  ['8.8.8.8', true],
  ['127.0.0.1', false],
  ['::1', false],
  ['::ffff:10.0.0.1', false],
  ['::ffff:8.8.8.8', true],
  ['::ffff:7f00:1', false],
  ['fe80::1', false],
  ['fd00::1', false],
  ['64:ff9b::7f00:1', false],
  ['64:ff9b::808:808', true],
  ['2606:4700::1111', true],
  ['100.64.0.1', false],
  ['::', false],
  ['::7f00:1', false],
  ['localhost', false],
  ['2002:7f00:1::', false],
])('judges %s: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});
