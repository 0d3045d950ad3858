import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '@colophon/core';
import { manifestLimit, ociErrors } from '../../src/index.ts';
import { putImage, testImage, testRegistry } from '../support.ts';
import { errorsOf, rawRequest } from './http.ts';

async function filesBelow(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the registry attacked over HTTP', () => {
  test('traversal in names, tags, digests and upload ids reaches nothing', async () => {
    const { host, directory } = await testRegistry();
    const before = await filesBelow(directory);
    const up = ['..', '%2e%2e', '..%2f..%2f..%2fetc', '%2e%2e%2f%2e%2e', '....//', '..\\..', '%00', '%c0%ae%c0%ae', '.', '~', 'a%0d%0ax:y'];
    for (const part of up) {
      for (const [method, path] of [
        ['GET', `/v2/${part}/tags/list`],
        ['GET', `/v2/a/${part}/passwd/tags/list`],
        ['PUT', `/v2/app/manifests/${part}`],
        ['GET', `/v2/app/manifests/${part}`],
        ['GET', `/v2/app/blobs/${part}`],
        ['GET', `/v2/app/blobs/sha256:${part}`],
        ['DELETE', `/v2/app/blobs/sha256:${part}`],
        ['PATCH', `/v2/app/blobs/uploads/${part}`],
        ['PUT', `/v2/app/blobs/uploads/${part}?digest=${digestOf('x')}`],
        ['DELETE', `/v2/app/blobs/uploads/${part}`],
        ['GET', `/v2/app/blobs/uploads/${part}`],
        ['POST', `/v2/${part}/blobs/uploads/`],
        ['GET', `/v2/app/referrers/${part}`],
      ] as const) {
        const { status } = await rawRequest(host, method, path, {}, method === 'GET' || method === 'DELETE' ? undefined : Buffer.from('x'));
        expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      }
    }
    expect(await filesBelow(directory)).toEqual(before);
  });

  test('any path gives an answer of the specification, never a failure of ours (property)', async () => {
    const { host } = await testRegistry();
    const piece = fc.oneof(
      fc.constantFrom(
        'v2',
        'blobs',
        'uploads',
        'manifests',
        'tags',
        'list',
        'referrers',
        '_catalog',
        'app',
        'latest',
        digestOf('x'),
        '%',
        '%zz',
        '%2f',
        '..',
        '',
      ),
      fc.stringMatching(/^[!-"$->@-~]{0,6}$/),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'),
        fc.array(piece, { maxLength: 6 }),
        async (method, parts) => {
          const { status } = await rawRequest(host, method, `/v2/${parts.join('/')}`, { 'content-length': '0' });
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('an upload serves only the repository that began it', async () => {
    const { host } = await testRegistry();
    const started = await rawRequest(host, 'POST', '/v2/mine/blobs/uploads/', { 'content-length': '0' });
    const id = String(started.headers['docker-upload-uuid']);
    const foreign = await rawRequest(host, 'PATCH', `/v2/yours/blobs/uploads/${id}`, {}, Buffer.from('x'));
    expect([foreign.status, errorsOf(foreign)]).toEqual([404, ['BLOB_UPLOAD_UNKNOWN']]);
    expect((await rawRequest(host, 'PATCH', `/v2/mine/blobs/uploads/${id}`, {}, Buffer.from('x'))).status).toBe(202);
  });

  test('knowing a digest is not having the blob: a mount needs leave to read its source', async () => {
    const { host, registry } = await testRegistry({
      authorize(_request, { action, repository = '' }) {
        if (action === 'pull' && repository.startsWith('secret')) throw ociErrors.error('OCI_DENIED', 'no');
        return 'me';
      },
    });
    const { digest } = await registry.putBlob('secret/app', Buffer.from('secret'));
    for (const query of [`mount=${digest}&from=secret/app`, `mount=${digest}`])
      expect((await rawRequest(host, 'POST', `/v2/mine/blobs/uploads/?${query}`, { 'content-length': '0' })).status).toBe(202);
    expect((await rawRequest(host, 'HEAD', `/v2/mine/blobs/${digest}`)).status).toBe(404);
    await registry.putBlob('open/app', Buffer.from('secret'));
    expect((await rawRequest(host, 'POST', `/v2/mine/blobs/uploads/?mount=${digest}`, { 'content-length': '0' })).status).toBe(201);
  });

  test('bodies beyond the limits are refused, announced or not, and leave nothing', async () => {
    const { host, directory } = await testRegistry({ blobLimit: 1000 });
    const big = Buffer.alloc(2000, 'x');
    const digest = digestOf(big);
    const announced = await rawRequest(host, 'POST', `/v2/app/blobs/uploads/?digest=${digest}`, {}, big);
    expect([announced.status, errorsOf(announced)]).toEqual([413, ['SIZE_INVALID']]);
    const chunked = await rawRequest(host, 'POST', `/v2/app/blobs/uploads/?digest=${digest}`, { 'transfer-encoding': 'chunked' }, big);
    expect(chunked.status).toBe(413);
    const started = await rawRequest(host, 'POST', '/v2/app/blobs/uploads/', { 'content-length': '0' });
    const location = String(started.headers['location']);
    expect((await rawRequest(host, 'PATCH', location, {}, Buffer.alloc(900))).status).toBe(202);
    expect((await rawRequest(host, 'PATCH', location, {}, Buffer.alloc(900))).status).toBe(413);
    expect((await rawRequest(host, 'GET', location)).headers['range']).toBe('0-899');
    const manifest = await rawRequest(host, 'PUT', '/v2/app/manifests/latest', {}, Buffer.alloc(manifestLimit + 1, ' '));
    expect([manifest.status, errorsOf(manifest)]).toEqual([413, ['SIZE_INVALID']]);
    expect((await filesBelow(join(directory, 'blobs'))).length).toBe(0);
  });

  test('a client that stops in the middle of a blob is let go; nothing half-written is there', async () => {
    const { host, directory } = await testRegistry({ idle: 200 });
    const [hostname, port] = host.split(':');
    const digest = digestOf(Buffer.alloc(1000));
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`POST /v2/app/blobs/uploads/?digest=${digest} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n${'x'.repeat(10)}`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 408 /);
    socket.destroy();
    expect((await rawRequest(host, 'HEAD', `/v2/app/blobs/${digest}`)).status).toBe(404);
    for (let tries = 0; (await filesBelow(join(directory, 'blobs'))).length > 0 && tries < 100; tries += 1) await sleep(20);
    expect(await filesBelow(join(directory, 'blobs'))).toEqual([]);
  });

  test('one that goes away does so too, and its upload goes on from what arrived', async () => {
    const { host } = await testRegistry();
    const [hostname, port] = host.split(':');
    const started = await rawRequest(host, 'POST', '/v2/app/blobs/uploads/', { 'content-length': '0' });
    const location = String(started.headers['location']);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n${'x'.repeat(600)}`);
    for (let range: unknown; range !== '0-599';) {
      await sleep(10);
      range = (await rawRequest(host, 'GET', location)).headers['range'];
    }
    socket.destroy();
    let status = 409;
    while (status === 409) {
      await sleep(10);
      ({ status } = await rawRequest(host, 'PATCH', location, { 'content-range': '600-999' }, Buffer.alloc(400, 'x')));
    }
    expect(status).toBe(202);
    expect((await rawRequest(host, 'PUT', `${location}?digest=${digestOf('x'.repeat(1000))}`, { 'content-length': '0' })).status).toBe(201);
  });

  test('slow readers hold one chunk each, and others are served meanwhile', async () => {
    const { host, registry } = await testRegistry();
    const [hostname, port] = host.split(':');
    const { digest } = await registry.putBlob('app', Buffer.alloc(8 << 20, 'x'));
    const sockets = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect(Number(port), hostname);
        await once(socket, 'connect');
        socket.pause();
        socket.write(`GET /v2/app/blobs/${digest} HTTP/1.1\r\nhost: x\r\n\r\n`);
        return socket;
      }),
    );
    await putImage({ registry }, 'app', testImage('a'), 'latest');
    expect((await rawRequest(host, 'GET', '/v2/app/manifests/latest')).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    expect((await rawRequest(host, 'GET', `/v2/app/blobs/${digest}`)).body.length).toBe(8 << 20);
  });

  test('what is not ours to tell is not told', async () => {
    const { host } = await testRegistry({
      authorize() {
        throw new Error('the password of the database is hunter2');
      },
    });
    const answer = await rawRequest(host, 'GET', '/v2/app/tags/list');
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).not.toContain('hunter2');
    expect(errorsOf(answer)).toEqual(['UNKNOWN']);
  });

  test('without leave nothing is written, read or removed, and the challenge is Basic', async () => {
    const { host, registry } = await testRegistry({
      authorize(request) {
        if (request.headers.get('authorization') === null) throw ociErrors.error('OCI_UNAUTHORIZED', 'log in');
        throw ociErrors.error('OCI_DENIED', 'not you');
      },
    });
    const image = testImage('a');
    await putImage({ registry }, 'app', image, 'latest');
    const { digest } = image.descriptor;
    for (const [method, path] of [
      ['GET', '/v2/_catalog'],
      ['GET', '/v2/app/tags/list'],
      ['GET', '/v2/app/manifests/latest'],
      ['PUT', '/v2/app/manifests/latest'],
      ['DELETE', `/v2/app/manifests/${digest}`],
      ['GET', `/v2/app/blobs/${image.blobs[0]?.descriptor.digest}`],
      ['DELETE', `/v2/app/blobs/${image.blobs[0]?.descriptor.digest}`],
      ['GET', `/v2/app/referrers/${digest}`],
      ['POST', '/v2/app/blobs/uploads/'],
      ['PATCH', '/v2/app/blobs/uploads/x'],
    ] as const) {
      const anonymous = await rawRequest(host, method, path, { 'content-length': '0' });
      expect([path, anonymous.status, anonymous.headers['www-authenticate'], errorsOf(anonymous)]).toEqual([
        path,
        401,
        'Basic realm="colophon", charset="UTF-8"',
        ['UNAUTHORIZED'],
      ]);
      const denied = await rawRequest(host, method, path, { 'content-length': '0', authorization: 'Basic eDp5' });
      expect([path, denied.status, errorsOf(denied)]).toEqual([path, 403, ['DENIED']]);
    }
    expect((await rawRequest(host, 'GET', '/v2/')).status).toBe(401);
    // Credentials that are good for something, only not for everything, log in.
    expect((await rawRequest(host, 'GET', '/v2/', { authorization: 'Basic eDp5' })).status).toBe(200);
    expect((await registry.getManifest('app', 'latest'))?.digest).toBe(digest);
  });
});
