import { describe, expect, test } from 'vitest';
import { digestOf } from '@colophon/core';
import { mediaTypes } from '../../src/index.ts';
import { json, putImage, testImage, testReferrer, testRegistry } from '../support.ts';
import { errorsOf, rawRequest } from './http.ts';

// The official suite (scripts/conformance-oci) covers what all registries share; here is what it does not ask.
describe('distribution-spec 1.1 over HTTP', () => {
  test('HEAD is GET without the body, everywhere', async () => {
    const { host, registry } = await testRegistry();
    const image = testImage('a');
    await putImage({ registry }, 'app', image, 'latest');
    const paths = [
      '/v2/',
      '/v2/_catalog',
      '/v2/app/tags/list',
      '/v2/app/manifests/latest',
      `/v2/app/manifests/${image.descriptor.digest}`,
      `/v2/app/blobs/${image.blobs[1]?.descriptor.digest}`,
      `/v2/app/referrers/${image.descriptor.digest}`,
    ];
    for (const path of paths) {
      const [head, get] = [await rawRequest(host, 'HEAD', path), await rawRequest(host, 'GET', path)];
      expect([path, head.status, head.body.length]).toEqual([path, 200, 0]);
      for (const name of ['content-type', 'docker-content-digest', 'etag', 'docker-distribution-api-version'])
        expect([path, name, head.headers[name]]).toEqual([path, name, get.headers[name]]);
      if (path.includes('manifests') || path.includes('/blobs/')) expect(head.headers['content-length']).toBe(String(get.body.length));
    }
    expect((await rawRequest(host, 'HEAD', '/v2/app/manifests/none')).status).toBe(404);
  });

  test('lists by pages, with Link only where there is more', async () => {
    const { host, registry } = await testRegistry();
    for (const tag of ['a', 'b', 'c', 'd']) await putImage({ registry }, 'app', testImage('a'), tag);
    const page = async (path: string) => {
      const { body, headers } = await rawRequest(host, 'GET', path);
      return { tags: (JSON.parse(body.toString()) as { tags: string[] }).tags, link: headers['link'] };
    };
    const first = await page('/v2/app/tags/list?n=3');
    expect(first).toEqual({ tags: ['a', 'b', 'c'], link: '</v2/app/tags/list?n=3&last=c>; rel="next"' });
    expect(await page('/v2/app/tags/list?n=3&last=c')).toEqual({ tags: ['d'], link: undefined });
    expect(await page('/v2/app/tags/list?n=4')).toMatchObject({ link: undefined });
    expect(await page('/v2/app/tags/list?n=0')).toEqual({ tags: [], link: undefined });
    expect((await rawRequest(host, 'GET', '/v2/app/tags/list?n=x')).status).toBe(400);
    expect(errorsOf(await rawRequest(host, 'GET', '/v2/none/tags/list'))).toEqual(['NAME_UNKNOWN']);
  });

  test('referrers: filtered, and split so that a list stays below 4 MiB', async () => {
    const { host, registry } = await testRegistry();
    const subject = testImage('a').descriptor;
    const count = 12;
    for (let number = 0; number < count; number += 1) {
      const { manifest, blobs } = testReferrer(subject, number % 2 === 0 ? 'a/even' : 'a/odd', `referrer ${number}`);
      const large = {
        ...(JSON.parse(manifest.toString()) as object),
        annotations: { padding: 'x'.repeat(1_000_000), number: String(number) },
      };
      for (const { bytes } of blobs) await registry.putBlob('app', bytes);
      await registry.putManifest('app', json(large), { reference: digestOf(json(large)) });
    }
    const seen: string[] = [];
    for (let path: string | undefined = `/v2/app/referrers/${subject.digest}`; path !== undefined;) {
      const answer = await rawRequest(host, 'GET', path);
      expect(answer.body.length).toBeLessThan(4 << 20);
      expect(answer.headers['content-type']).toBe(mediaTypes.index);
      seen.push(
        ...(JSON.parse(answer.body.toString()) as { manifests: { annotations: { number: string } }[] }).manifests.map(
          ({ annotations }) => annotations.number,
        ),
      );
      path = /<(.+)>/.exec(String(answer.headers['link'] ?? ''))?.[1];
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, number) => String(number)));
    const filtered = await rawRequest(host, 'GET', `/v2/app/referrers/${subject.digest}?artifactType=a/odd`);
    expect(filtered.headers['oci-filters-applied']).toBe('artifactType');
    expect((await rawRequest(host, 'GET', `/v2/app/referrers/${subject.digest}?last=zzz`)).status).toBe(400);
  });

  test('a tag is moved on condition (RFC 9110, If-Match)', async () => {
    const { host, registry } = await testRegistry();
    const [one, two] = [testImage('one'), testImage('two')];
    await putImage({ registry }, 'app', one);
    await putImage({ registry }, 'app', two);
    const put = async (bytes: Buffer, headers: Record<string, string>) =>
      (await rawRequest(host, 'PUT', '/v2/app/manifests/t', { 'content-type': mediaTypes.manifest, ...headers }, bytes)).status;
    expect(await put(one.manifest, { 'if-match': `"${two.descriptor.digest}"` })).toBe(412);
    expect(await put(one.manifest, { 'if-none-match': '*' })).toBe(201);
    expect(await put(two.manifest, { 'if-none-match': '*' })).toBe(412);
    expect(await put(two.manifest, { 'if-match': 'nonsense' })).toBe(400);
    expect(await put(two.manifest, { 'if-match': `"${one.descriptor.digest}"` })).toBe(201);
    const etag = String((await rawRequest(host, 'GET', '/v2/app/manifests/t')).headers['etag']);
    expect((await rawRequest(host, 'GET', '/v2/app/manifests/t', { 'if-none-match': etag })).status).toBe(304);
  });

  test('chunks: out of order, of a length that is not their range’s, and after a wrong digest', async () => {
    const { host } = await testRegistry();
    const start = async () =>
      String((await rawRequest(host, 'POST', '/v2/app/blobs/uploads/', { 'content-length': '0' })).headers['location']);
    const location = await start();
    const patch = (range: string, body: string, headers = {}) =>
      rawRequest(host, 'PATCH', location, { 'content-range': range, ...headers }, Buffer.from(body));
    expect((await patch('5-9', 'fghij')).status).toBe(416);
    expect((await patch('0-4', 'abcde')).status).toBe(202);
    const again = await patch('0-4', 'abcde');
    expect([again.status, again.headers['range'], again.headers['location']]).toEqual([416, '0-4', location]);
    expect((await patch('5-9', 'fgh')).status).toBe(416);
    expect((await patch('5-9', 'fgh', { 'transfer-encoding': 'chunked' })).status).toBe(416);
    expect((await patch('5-9', 'fghijklm', { 'transfer-encoding': 'chunked' })).status).toBe(416);
    expect((await patch('x', 'fghij')).status).toBe(416);
    expect((await rawRequest(host, 'GET', location)).headers['range']).toBe('0-4');
    const last = await rawRequest(
      host,
      'PUT',
      `${location}?digest=${digestOf('abcdefghij')}`,
      { 'content-range': '5-9' },
      Buffer.from('fghij'),
    );
    expect([last.status, last.headers['location']]).toEqual([201, `/v2/app/blobs/${digestOf('abcdefghij')}`]);
    expect((await rawRequest(host, 'GET', location)).status).toBe(404);
    const wrong = await start();
    expect(errorsOf(await rawRequest(host, 'PUT', `${wrong}?digest=${digestOf('a')}`, {}, Buffer.from('b')))).toEqual(['DIGEST_INVALID']);
    expect((await rawRequest(host, 'HEAD', `/v2/app/blobs/${digestOf('b')}`)).status).toBe(404);
    expect(errorsOf(await rawRequest(host, 'PUT', `${await start()}?digest=sha256:x`, {}, Buffer.from('b')))).toEqual(['DIGEST_INVALID']);
  });

  test('one request at a time for an upload; uploads that nobody goes on with expire', async () => {
    const { openUploads } = await import('../../src/index.ts');
    const { directory } = await testRegistry();
    const uploads = await openUploads(`${directory}/others`, { count: 2 });
    const id = await uploads.start('app');
    const gate = Promise.withResolvers<void>();
    const slow = uploads.append(
      'app',
      id,
      (async function* () {
        yield Buffer.from('a');
        await gate.promise;
      })(),
    );
    await expect(uploads.append('app', id, (async function* () {})())).rejects.toMatchObject({ code: 'OCI_BLOB_UPLOAD_INVALID' });
    await uploads.start('app');
    await expect(uploads.start('app')).rejects.toMatchObject({ code: 'OCI_TOO_MANY' });
    expect(await uploads.expire(0)).toBe(1);
    gate.resolve();
    await slow;
    expect(await uploads.expire(0)).toBe(1);
    await expect(uploads.size('app', id)).rejects.toMatchObject({ code: 'OCI_BLOB_UPLOAD_UNKNOWN' });
  });

  test('a manifest that names what is missing says which', async () => {
    const { host } = await testRegistry();
    const image = testImage('a');
    const answer = await rawRequest(host, 'PUT', '/v2/app/manifests/x', { 'content-type': mediaTypes.manifest }, image.manifest);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', detail: { digest: image.blobs[0]?.descriptor.digest } }],
    });
  });
});
