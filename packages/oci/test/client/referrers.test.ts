import { describe, expect, test } from 'vitest';
import { createRegistryClient, fallbackTag, mediaTypes, type RegistryClient } from '../../src/index.ts';
import type { Handler } from '../serve.ts';
import { codeOf, descriptorOf, json, testImage, testReferrer, testRegistry, type TestImage } from '../support.ts';
import { withoutReferrers } from './fake.ts';

async function push(client: RegistryClient, image: TestImage, reference: string = image.descriptor.digest): Promise<void> {
  for (const { descriptor, bytes } of image.blobs) await client.pushBlob('app', descriptor, bytes);
  await client.pushManifest('app', reference, image.manifest, mediaTypes.manifest);
}

const image = testImage('a');
const tag = fallbackTag(image.descriptor.digest);

describe('referrers (distribution-spec 1.1)', () => {
  test('by the API: all pages, and no fallback tag', async () => {
    const { host } = await testRegistry();
    const client = createRegistryClient({ registry: host });
    for (let number = 0; number < 5; number += 1) await push(client, testReferrer(image.descriptor, 'a/x', `r${number}`));
    const found = await client.referrers('app', image.descriptor.digest);
    expect(found.map(({ annotations }) => annotations?.['text'])).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
    expect(await client.resolve('app', tag)).toBeUndefined();
  });

  test('by the tag where there is no API: written with the right artifactType, 20 at once, none lost', async () => {
    const { host } = await testRegistry({ around: withoutReferrers });
    const client = createRegistryClient({ registry: host, backoff: 1 });
    await push(client, image, 'latest');
    expect(await client.referrers('app', image.descriptor.digest)).toEqual([]);
    const referrers = Array.from({ length: 20 }, (_, number) => testReferrer(image.descriptor, 'a/x', `r${number}`));
    await Promise.all(referrers.map((referrer) => push(client, referrer)));
    const found = await client.referrers('app', image.descriptor.digest);
    expect(new Set(found.map(({ digest }) => digest))).toEqual(new Set(referrers.map(({ descriptor }) => descriptor.digest)));
    expect(found[0]).toMatchObject({ mediaType: mediaTypes.manifest, artifactType: 'a/x', annotations: { text: expect.any(String) } });
    // Pushing again adds nothing.
    await push(client, referrers[0] as TestImage);
    expect(await client.referrers('app', image.descriptor.digest)).toHaveLength(20);
    expect(await client.deleteManifest('app', referrers[0]?.descriptor.digest as `sha256:${string}`)).toBe(true);
    expect(await client.referrers('app', image.descriptor.digest)).toHaveLength(19);
  });

  test('another writer who writes over the tag is noticed', async () => {
    let overwrite: (() => Promise<unknown>) | undefined;
    const around = async (request: Request, next: Handler): Promise<Response> => {
      const response = await withoutReferrers(request, next);
      const interferes = overwrite;
      if (request.method === 'PUT' && request.url.endsWith(`/manifests/${tag}`) && interferes !== undefined) {
        overwrite = undefined;
        await interferes();
      }
      return response;
    };
    const { host, registry } = await testRegistry({ around });
    const client = createRegistryClient({ registry: host, backoff: 1 });
    await push(client, image, 'latest');
    // It had read the list before we wrote ours.
    overwrite = () =>
      registry.putManifest('app', json({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }), { reference: tag });
    await push(client, testReferrer(image.descriptor, 'a/x', 'mine'));
    expect(overwrite).toBeUndefined();
    expect(await client.referrers('app', image.descriptor.digest)).toHaveLength(1);
  });

  test('a registry that fails is not one without referrers', async () => {
    const { host } = await testRegistry({
      around: (request, next) => (request.url.includes('/referrers/') ? new Response(null, { status: 500 }) : next(request)),
    });
    expect(await codeOf(createRegistryClient({ registry: host }).referrers('app', image.descriptor.digest))).toBe('OCI_REGISTRY_FAILED');
  });

  test('a page for people instead of a list means that there is no API', async () => {
    const { host } = await testRegistry({
      around: (request, next) =>
        request.url.includes('/referrers/') ? new Response('<html>', { headers: { 'content-type': 'text/html' } }) : next(request),
    });
    expect(await createRegistryClient({ registry: host }).referrers('app', image.descriptor.digest)).toEqual([]);
  });

  test('the tag of a sha512 subject is cut at 64 digits', () => {
    const { digest } = descriptorOf(Buffer.from('x'), '', 'sha512');
    expect(fallbackTag(digest)).toBe(`sha512-${digest.slice(7, 71)}`);
  });
});

test('a tag moves only from where it was seen, here and elsewhere', async () => {
  const ignoring = (request: Request, next: Handler) => {
    const headers = new Headers(request.headers);
    headers.delete('if-match');
    headers.delete('if-none-match');
    return next(new Request(request, { headers }));
  };
  for (const options of [{}, { around: ignoring }]) {
    const { host } = await testRegistry(options);
    const client = createRegistryClient({ registry: host });
    const [one, two] = [testImage('one'), testImage('two')];
    await push(client, one);
    await push(client, two);
    const move = (to: TestImage, digest: TestImage['descriptor']['digest'] | undefined) =>
      client.pushManifest('app', 't', to.manifest, mediaTypes.manifest, { expected: { digest } });
    await move(one, undefined);
    expect(await codeOf(move(two, undefined))).toBe('OCI_TAG_MOVED');
    expect(await codeOf(move(one, two.descriptor.digest))).toBe('OCI_TAG_MOVED');
    await move(two, one.descriptor.digest);
    expect((await client.resolve('app', 't'))?.digest).toBe(two.descriptor.digest);
  }
});
