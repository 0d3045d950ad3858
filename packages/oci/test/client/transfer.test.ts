import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createRegistryClient, mediaTypes } from '../../src/index.ts';
import { serve } from '../serve.ts';
import { atEnd, codeOf, descriptorOf, putImage, read, testImage, testRegistry } from '../support.ts';
import { recorder } from './fake.ts';

const large = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));
const descriptor = descriptorOf(large);

function* parts(size: number): Iterable<Buffer> {
  for (let start = 0; start < large.length; start += size) yield large.subarray(start, start + size);
}
const source = async function* () {
  yield* parts(10_001);
};

describe('what comes in is checked', () => {
  test('a blob or manifest that is not what was asked for fails', async () => {
    const lying = await serve((request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('/longer')) return new Response('x');
      return new Response(pathname.includes('/manifests/') ? testImage('other').manifest : Buffer.alloc(large.length), {
        headers: { 'content-type': mediaTypes.manifest, 'docker-content-digest': descriptor.digest },
      });
    });
    atEnd(() => lying.close());
    const client = createRegistryClient({ registry: lying.host });
    expect(await codeOf(client.manifest('app', testImage('a').descriptor.digest))).toBe('OCI_CONTENT_MISMATCH');
    // By tag the name is what we compute, whatever the header says.
    expect((await client.resolve('app', 'latest'))?.digest).toBe(testImage('other').descriptor.digest);
    expect(await codeOf(client.blobBytes('app', descriptor))).toBe('OCI_CONTENT_MISMATCH');
    expect(await codeOf(client.blobBytes('app', { ...descriptor, size: 10 }))).toBe('OCI_CONTENT_MISMATCH');
    expect(await codeOf(client.blobBytes('app', descriptor, 10))).toBe('OCI_TOO_LARGE');
  });

  test('a manifest without end is not read to its end', async () => {
    const endless = await serve(
      () =>
        new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 16)) }), {
          headers: { 'content-type': mediaTypes.manifest },
        }),
    );
    atEnd(() => endless.close());
    expect(await codeOf(createRegistryClient({ registry: endless.host }).manifest('app', 'latest'))).toBe('OCI_TOO_LARGE');
  });

  test('a pull that breaks off goes on by Range, also where ranges are not done', async () => {
    for (const ranges of [true, false]) {
      const asked: (string | null)[] = [];
      const flaky = createServer((request, response) => {
        const { range } = request.headers;
        asked.push(range ?? null);
        const start = ranges ? Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0) : 0;
        const rest = large.subarray(start);
        const contentRange = start > 0 ? { 'content-range': `bytes ${start}-${large.length - 1}/${large.length}` } : {};
        response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length, ...contentRange });
        if (asked.length >= 4) response.end(rest);
        else response.write(rest.subarray(0, 70_000), () => response.destroy());
      }).listen(0, '127.0.0.1');
      await once(flaky, 'listening');
      atEnd(async () => void flaky.close());
      const host = `127.0.0.1:${(flaky.address() as AddressInfo).port}`;
      const client = createRegistryClient({ registry: host, backoff: 1 });
      expect(await read(client.blob('app', descriptor))).toEqual(large);
      expect(asked[0]).toBeNull();
      expect(asked.length).toBeGreaterThan(2);
      if (ranges) expect(asked[1]).toMatch(/^bytes=\d+-299999$/);
    }
  });

  test('a pull of which nothing ever comes ends', async () => {
    const silent = await serve(
      () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), { headers: { 'content-length': '300000' } }),
    );
    atEnd(() => silent.close());
    expect(await codeOf(read(createRegistryClient({ registry: silent.host, backoff: 1, idle: 50 }).blob('app', descriptor)))).toBe(
      'OCI_UNREACHABLE',
    );
  });
});

describe('requests that may be repeated are', () => {
  test('429 and 5xx; other answers are not', async () => {
    const answers = [429, 503, 502, 200, 500];
    let asked = 0;
    const busy = await serve(() => Response.json({ name: 'app', tags: ['a'] }, { status: answers[asked++] ?? 200 }));
    atEnd(() => busy.close());
    const client = createRegistryClient({ registry: busy.host, backoff: 1 });
    expect(await client.tags('app')).toEqual(['a']);
    expect(asked).toBe(4);
    expect(await codeOf(client.tags('app'))).toBe('OCI_REGISTRY_FAILED');
    expect(asked).toBe(5);
  });

  test.each(['0', new Date(0).toUTCString()])(
    'Retry-After: %s goes before our own waiting, which would outlast this test',
    async (retryAfter) => {
      let asked = 0;
      const busy = await serve(() =>
        Response.json({ tags: ['a'] }, { status: asked++ < 3 ? 503 : 200, headers: { 'retry-after': retryAfter } }),
      );
      atEnd(() => busy.close());
      expect(await createRegistryClient({ registry: busy.host, backoff: 60_000 }).tags('app')).toEqual(['a']);
    },
  );

  test('nobody there', async () => {
    const gone = await serve(() => new Response());
    await gone.close();
    expect(await codeOf(createRegistryClient({ registry: gone.host, backoff: 1 }).tags('app'))).toBe('OCI_UNREACHABLE');
  });
});

describe('pushing blobs', () => {
  test('at once from a stream, in chunks, mounted, and not at all if it is there', async () => {
    const { seen, around } = recorder();
    const { host, registry } = await testRegistry({ around });
    const client = createRegistryClient({ registry: host });
    expect(await client.pushBlob('once', descriptor, source)).toBe('pushed');
    expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'POST', 'PUT']);
    expect(seen[2]?.headers.get('content-length')).toBe('300000');
    expect(await client.pushBlob('once', descriptor, source)).toBe('present');
    expect(await client.pushBlob('mounted', descriptor, source, { mountFrom: 'once' })).toBe('mounted');
    seen.length = 0;
    expect(await client.pushBlob('chunks', descriptor, source, { chunkSize: 65_536 })).toBe('pushed');
    expect(seen.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers.get('content-range'))).toEqual([
      '0-65535',
      '65536-131071',
      '131072-196607',
      '196608-262143',
      '262144-299999',
    ]);
    expect(await registry.statBlob('chunks', descriptor.digest)).toEqual({ size: 300_000 });
    expect(await client.pushBlob('bytes', descriptor, large, { mountFrom: 'nowhere' })).toBe('pushed');
    expect(await client.pushBlob('bytes', descriptorOf(Buffer.alloc(0)), Buffer.alloc(0), { chunkSize: 10 })).toBe('pushed');
  });

  test('chunks that break off go on where they stopped; uploads that are lost begin anew', async () => {
    let patches = 0;
    let uploads = 0;
    const { host, registry } = await testRegistry({
      async around(request, next) {
        if (request.method === 'POST') uploads += 1;
        if (request.method !== 'PATCH') return next(request);
        patches += 1;
        // Taken, but the answer never arrives: the client must ask how far it came.
        if (patches === 2) {
          await next(request);
          return new Response(null, { status: 502 });
        }
        if (patches === 4) return new Response(null, { status: 502 });
        return next(request);
      },
    });
    const client = createRegistryClient({ registry: host, backoff: 1 });
    expect(await client.pushBlob('app', descriptor, source, { chunkSize: 65_536 })).toBe('pushed');
    expect([patches, uploads]).toEqual([6, 1]);
    expect(await registry.statBlob('app', descriptor.digest)).toEqual({ size: 300_000 });

    let puts = 0;
    const lossy = await testRegistry({
      around(request, next) {
        if (request.method !== 'PUT' || puts >= 2) return next(request);
        puts += 1;
        return new Response(null, { status: puts === 1 ? 404 : 503 });
      },
    });
    expect(await createRegistryClient({ registry: lossy.host, backoff: 1 }).pushBlob('app', descriptor, source)).toBe('pushed');
    expect(puts).toBe(2);
  });

  test('where all at once is too large, in chunks', async () => {
    const big = Buffer.alloc(20 << 20, 'x');
    const { host, registry } = await testRegistry({
      around: (request, next) =>
        Number(request.headers.get('content-length')) > 17 << 20 ? new Response(null, { status: 413 }) : next(request),
    });
    expect(await createRegistryClient({ registry: host, backoff: 1 }).pushBlob('app', descriptorOf(big), big)).toBe('pushed');
    expect(await registry.statBlob('app', descriptorOf(big).digest)).toEqual({ size: big.length });
  });

  test('a source that fails, or is not what it should be, is not tried again', async () => {
    const { host, registry } = await testRegistry();
    const client = createRegistryClient({ registry: host, backoff: 1 });
    let reads = 0;
    const failing = async function* () {
      reads += 1;
      yield large.subarray(0, 10);
      throw new Error('the disk broke');
    };
    await expect(client.pushBlob('app', descriptor, failing)).rejects.toThrow('the disk broke');
    expect(reads).toBe(1);
    expect(await codeOf(client.pushBlob('app', descriptor, Buffer.alloc(large.length)))).toBe('OCI_REGISTRY_FAILED');
    expect(await registry.statBlob('app', descriptor.digest)).toBeUndefined();
  });

  test('the registry’s own words are in the error', async () => {
    const { host } = await testRegistry();
    const client = createRegistryClient({ registry: host });
    await expect(client.pushManifest('app', 'x', testImage('a').manifest, mediaTypes.manifest)).rejects.toThrow(
      /MANIFEST_BLOB_UNKNOWN.*app does not have/,
    );
  });
});

test('lists of tags are followed through all pages, but not to another host', async () => {
  const { host, registry } = await testRegistry({
    around(request, next) {
      const url = new URL(request.url);
      if (url.pathname.endsWith('/tags/list') && !url.searchParams.has('n')) url.searchParams.set('n', '2');
      return next(new Request(url, request));
    },
  });
  for (const tag of ['a', 'b', 'c', 'd', 'e']) await putImage({ registry }, 'app', testImage('a'), tag);
  const client = createRegistryClient({ registry: host });
  expect(await client.tags('app')).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(await client.tags('none')).toEqual([]);
  const elsewhere = await serve(() =>
    Response.json({ tags: ['a'] }, { headers: { link: '<https://other.example/v2/app/tags/list>; rel="next"' } }),
  );
  atEnd(() => elsewhere.close());
  expect(await codeOf(createRegistryClient({ registry: elsewhere.host }).tags('app'))).toBe('OCI_REGISTRY_FAILED');
});
