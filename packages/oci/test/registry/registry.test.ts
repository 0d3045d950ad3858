import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '@colophon/core';
import { mediaTypes } from '../../src/index.ts';
import { codeOf, descriptorOf, json, putImage, read, testImage, testReferrer, testRegistry } from '../support.ts';

const nobodyHas = digestOf('nobody has this');

describe('the registry, called directly', () => {
  test('a manifest whose blobs are missing, or have another size, is refused', async () => {
    const { registry } = await testRegistry();
    const image = testImage('a');
    const put = (bytes: Uint8Array) => registry.putManifest('app', bytes, { reference: 'latest' });
    expect(await codeOf(put(image.manifest))).toBe('OCI_MANIFEST_BLOB_UNKNOWN');
    for (const { bytes } of image.blobs) await registry.putBlob('other', bytes);
    expect(await codeOf(put(image.manifest))).toBe('OCI_MANIFEST_BLOB_UNKNOWN');
    for (const { bytes } of image.blobs) await registry.putBlob('app', bytes);
    const lying = JSON.parse(image.manifest.toString()) as { config: { size: number } };
    lying.config.size += 1;
    expect(await codeOf(put(json(lying)))).toBe('OCI_MANIFEST_INVALID');
    expect((await put(image.manifest)).digest).toBe(image.descriptor.digest);
    const nested = json({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [image.descriptor, { ...image.descriptor, digest: nobodyHas }],
    });
    expect(await codeOf(put(nested))).toBe('OCI_MANIFEST_BLOB_UNKNOWN');
  });

  test('a manifest of an unknown type is refused; foreign layers need not be there', async () => {
    const { registry } = await testRegistry();
    const image = testImage('a');
    await putImage({ registry }, 'app', image);
    const manifest = JSON.parse(image.manifest.toString()) as object;
    expect(
      await codeOf(registry.putManifest('app', json({ ...manifest, mediaType: 'text/html' }), { reference: 'x', mediaType: 'text/html' })),
    ).toBe('OCI_MANIFEST_INVALID');
    const foreign = { mediaType: mediaTypes.dockerForeignLayer, digest: nobodyHas, size: 5, urls: ['https://x.example/y'] };
    await registry.putManifest('app', json({ ...manifest, layers: [foreign] }), { reference: 'x' });
  });

  test('who pushed first is recorded, and stays', async () => {
    const { registry } = await testRegistry();
    const image = testImage('a');
    for (const { bytes } of image.blobs) await registry.putBlob('app', bytes);
    for (const subject of ['run/1', 'run/2']) await registry.putManifest('app', image.manifest, { reference: 'latest', subject });
    expect(await registry.statManifest('app', 'latest')).toMatchObject({ pushedBy: 'run/1', digest: image.descriptor.digest });
  });

  test('a tag is compared and swapped: of 40 who add to a list at once, each finds its entry there', async () => {
    const { registry } = await testRegistry();
    const empty = await registry.putBlob('app', Buffer.from('{}'));
    const list = (annotations: Record<string, string>) =>
      json({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: { ...empty, mediaType: mediaTypes.empty },
        layers: [],
        annotations,
      });
    let conflicts = 0;
    await Promise.all(
      Array.from({ length: 40 }, async (_, number) => {
        for (;;) {
          const current = await registry.getManifest('app', 'sha256-x.att');
          const before =
            current === undefined ? {} : (JSON.parse(current.bytes.toString()) as { annotations: Record<string, string> }).annotations;
          try {
            await registry.updateTag('app', 'sha256-x.att', current?.digest, { bytes: list({ ...before, [`n${number}`]: 'x' }) });
            return;
          } catch (error) {
            expect(error).toMatchObject({ code: 'OCI_TAG_MOVED' });
            conflicts += 1;
          }
        }
      }),
    );
    expect(conflicts).toBeGreaterThan(0);
    const final = await registry.getManifest('app', 'sha256-x.att');
    expect(Object.keys((JSON.parse(final?.bytes.toString() ?? '') as { annotations: object }).annotations)).toHaveLength(40);
    // The control: without comparing, all but the last are lost.
    await Promise.all(
      Array.from({ length: 40 }, (_, number) => registry.putManifest('app', list({ [`n${number}`]: 'x' }), { reference: 'plain' })),
    );
    const lost = await registry.getManifest('app', 'plain');
    expect(Object.keys((JSON.parse(lost?.bytes.toString() ?? '') as { annotations: object }).annotations)).toHaveLength(1);
  });

  test('of 50 who set an immutable tag at once to different images one wins; the tag then neither moves nor goes', async () => {
    const { registry } = await testRegistry({ immutable: (_repository, tag) => tag.startsWith('v') });
    const images = Array.from({ length: 50 }, (_, number) => testImage(`image ${number}`));
    for (const image of images) await putImage({ registry }, 'app', image);
    const codes = await Promise.all(images.map((image) => codeOf(registry.putManifest('app', image.manifest, { reference: 'v1' }))));
    expect(codes.filter((code) => code === 'none')).toHaveLength(1);
    expect(codes.filter((code) => code === 'OCI_TAG_IMMUTABLE')).toHaveLength(49);
    const winner = images[codes.indexOf('none')];
    const digest = winner?.descriptor.digest as Digest;
    expect((await registry.statManifest('app', 'v1'))?.digest).toBe(digest);
    await registry.putManifest('app', winner?.manifest as Buffer, { reference: 'v1' });
    expect(await codeOf(registry.deleteManifest('app', 'v1'))).toBe('OCI_TAG_IMMUTABLE');
    expect(await codeOf(registry.deleteManifest('app', digest))).toBe('OCI_TAG_IMMUTABLE');
    expect(
      await codeOf(
        registry.updateTag('app', 'v1', digest, {
          bytes: images[0] === winner ? (images[1]?.manifest as Buffer) : (images[0]?.manifest as Buffer),
        }),
      ),
    ).toBe('OCI_TAG_IMMUTABLE');
    await registry.putManifest('app', winner?.manifest as Buffer, { reference: 'latest' });
    expect(await registry.deleteManifest('app', 'latest')).toBe(true);
  });

  test('100 pushes of one image at once, and of 100 images at once', async () => {
    const { registry } = await testRegistry();
    const one = testImage('the one');
    await Promise.all(Array.from({ length: 100 }, () => putImage({ registry }, 'same', one, 'latest')));
    expect((await registry.getManifest('same', 'latest'))?.bytes).toEqual(one.manifest);
    expect(await registry.tags('same')).toEqual(['latest']);
    const images = Array.from({ length: 100 }, (_, number) => testImage(`image ${number}`));
    await Promise.all(images.map((image, number) => putImage({ registry }, 'many', image, `t${number}`)));
    for (const [number, image] of images.entries())
      expect((await registry.getManifest('many', `t${number}`))?.digest).toBe(image.descriptor.digest);
    expect(await registry.tags('many')).toHaveLength(100);
  });

  test('the collector takes what nobody names, and never what is pushed meanwhile', async () => {
    const { registry, blobs } = await testRegistry();
    const bytes = Buffer.from('shared content');
    const { digest } = await registry.putBlob('one', bytes);
    await registry.mountBlob('two', digest, 'one');
    expect(await registry.collect(digest)).toBe(false);
    await registry.deleteBlob('one', digest);
    expect(await registry.collect(digest)).toBe(false);
    await registry.deleteBlob('two', digest);
    expect(await registry.collect(digest)).toBe(true);
    expect(await blobs.stat(digest)).toBeUndefined();

    for (let round = 0; round < 60; round += 1) {
      const content = Buffer.from(`round ${round}`);
      const named = digestOf(content);
      await blobs.put(content);
      const stream = async function* () {
        yield content;
      };
      const push = round % 2 === 0 ? content : stream();
      const [pushed] = await Promise.all([codeOf(registry.putBlob('race', push, { expected: named })), registry.collect(named)]);
      // An acknowledged push is there, whatever the collector did.
      if (pushed === 'none') expect(await read(registry.readBlob(named))).toEqual(content);
      else expect([round % 2, pushed]).toEqual([1, 'OCI_BLOB_UNKNOWN']);
    }
  });

  test('tags in order without regard to case, by pages', async () => {
    const { registry } = await testRegistry();
    const image = testImage('a');
    for (const tag of ['b', 'A', 'C', 'a', '_x', '1', 'B2', 'b1']) await putImage({ registry }, 'app', image, tag);
    const all = ['1', '_x', 'A', 'a', 'b', 'b1', 'B2', 'C'];
    expect(await registry.tags('app')).toEqual(all);
    const paged: string[] = [];
    for (
      let page = await registry.tags('app', { limit: 3 });
      page !== undefined && page.length > 0;
      page = await registry.tags('app', { limit: 3, last: page.at(-1) ?? '' })
    )
      paged.push(...page);
    expect(paged).toEqual(all);
    expect(await registry.tags('nobody')).toBeUndefined();
    expect(await registry.repositories()).toEqual(['app']);
  });

  test('referrers: by type, of subjects that do not exist, and gone when they are removed', async () => {
    const { registry } = await testRegistry();
    const image = testImage('a');
    const subject = image.descriptor;
    const referrers = [testReferrer(subject, 'a/x', 'one'), testReferrer(subject, 'a/y', 'two')];
    for (const referrer of referrers) await putImage({ registry }, 'app', referrer);
    const { manifests } = await registry.referrers('app', subject.digest);
    expect(manifests).toEqual(
      referrers.map(({ descriptor }, index) => ({
        ...descriptor,
        artifactType: index === 0 ? 'a/x' : 'a/y',
        annotations: { text: index === 0 ? 'one' : 'two' },
      })),
    );
    expect((await registry.referrers('app', subject.digest, 'a/y')).manifests).toHaveLength(1);
    expect((await registry.referrers('other', subject.digest)).manifests).toEqual([]);
    await registry.deleteManifest('app', referrers[0]?.descriptor.digest as Digest);
    expect((await registry.referrers('app', subject.digest)).manifests).toHaveLength(1);
  });

  test('sha512 and sha256 name the same bytes side by side', async () => {
    const { registry } = await testRegistry();
    const image = testImage('a');
    for (const { bytes } of image.blobs) await registry.putBlob('app', bytes);
    const long = descriptorOf(image.manifest, '', 'sha512').digest;
    expect((await registry.putManifest('app', image.manifest, { reference: long })).digest).toBe(long);
    expect((await registry.putManifest('app', image.manifest, { reference: 'long', algorithm: 'sha512' })).digest).toBe(long);
    expect(await registry.getManifest('app', image.descriptor.digest)).toBeUndefined();
    expect((await registry.getManifest('app', long))?.bytes).toEqual(image.manifest);
    expect(await codeOf(registry.putManifest('app', image.manifest, { reference: nobodyHas }))).toBe('OCI_DIGEST_INVALID');
  });

  test.each(['', '..', '../x', 'a/../b', 'A', 'a//b', '/a', 'a/', 'a\0', 'a%2f', '.a', 'a'.repeat(256)])(
    'repository %j is refused',
    async (name) => {
      const { registry } = await testRegistry();
      expect(await codeOf(registry.putBlob(name, Buffer.from('x')))).toBe('OCI_NAME_INVALID');
      expect(await codeOf(registry.mountBlob(name, nobodyHas))).toBe('OCI_NAME_INVALID');
      expect(await codeOf(registry.putManifest(name, Buffer.from('{}'), { reference: 'x' }))).toBe('OCI_NAME_INVALID');
    },
  );
});
