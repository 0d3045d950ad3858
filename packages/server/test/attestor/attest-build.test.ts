import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, parseJson } from '@colophon/core';
import { envelopeBytes, loadPublicKey, parseEnvelope, verifyEnvelope } from '@colophon/sign';
import type { KubeObject } from '@colophon/store';
import { attestBuild } from '../../src/attestor/attestor.ts';
import type { BuildStatus, SignedItem } from '../../src/attestor/build-status.ts';
import { resources } from '../../src/index.ts';
import { attestingHouse, type AttestingHouse, type Fault, type Image } from '../support/attesting.ts';
import { place } from '../support/place.ts';
import { temporary } from '../support-data.ts';

let house: AttestingHouse;
let remove: () => Promise<void>;
beforeAll(async () => {
  const made = await temporary();
  remove = made.remove;
  house = await attestingHouse(made.path);
});
afterAll(async () => {
  await house.close();
  await remove();
});

const present = async (name: string) => (await house.store.get(resources.builds, 'default', name)) as KubeObject;
const attest = async (name: string) => attestBuild(await present(name), house.options);

/** What must hold of an attested build, however it came to be: everything once, signed, logged, beside every image. */
async function expectAttested(name: string, images: readonly Image[], others = 0): Promise<void> {
  const { phase, items } = (await house.status(name)) as BuildStatus;
  expect(phase).toBe('Complete');
  expect(items.map(({ kind }) => kind)).toEqual(['statement', ...images.map(() => 'simplesigning')]);
  const key = loadPublicKey(house.options.key.publicKey);
  for (const image of images) {
    expect(await house.layers(image, 'att')).toHaveLength(1 + others);
    expect(await house.layers(image, 'sig')).toHaveLength(1 + others);
    expect(await house.bundles(image)).toBe(1 + others);
  }
  for (const item of items) {
    const { entry } = await house.log.get(item.uuid as string);
    expect(entry.logIndex).toBe(item.logIndex);
    if (item.kind !== 'statement') continue;
    const envelope = parseEnvelope(await house.blobs.bytes(item.signed));
    expect(verifyEnvelope(envelope, [key])).toBeDefined();
    expect(parseJson(Buffer.from(entry.attestation?.data ?? '', 'base64'))).toEqual(parseJson(Buffer.from(envelope.payload, 'base64')));
    const digests = await Promise.all(images.map(async (image) => (await house.layers(image, 'att')).at(-1)?.digest));
    expect(digests).toEqual(images.map(() => digestOf(envelopeBytes(envelope))));
  }
}

/** The layer that an item's envelope is. */
async function layerOf(where: AttestingHouse, { items: [item] }: BuildStatus): Promise<string> {
  return digestOf(envelopeBytes(parseEnvelope(await where.blobs.bytes((item as SignedItem).signed))));
}

/** Makes the operation of that number fail, at that moment. */
function failAt(number: number, wanted: 'before' | 'after'): { fault: Fault; seen: string[] } {
  const seen: string[] = [];
  let first: number | undefined;
  return {
    seen,
    fault(operation, moment, call) {
      first ??= call;
      if (moment === 'before') seen.push(operation);
      if (moment === wanted && call - first + 1 === number) throw new Error(`${operation} is away`);
    },
  };
}

describe('a build', () => {
  it('is attested: signed, logged, beside every image; a second time changes nothing', async () => {
    const images = [await house.image('once/a'), await house.image('once/b')];
    await house.build('once', images);
    await attest('once');
    await expectAttested('once', images);
    const [status, size] = [await house.status('once'), house.log.head.size];
    await house.grow();
    await attest('once');
    await expectAttested('once', images);
    expect(await house.status('once')).toEqual(status);
    expect(house.log.head.size).toBe(size + 1);
  });

  it('without images is complete, and says why there is nothing', async () => {
    await house.build('empty', []);
    await attest('empty');
    expect(await house.status('empty')).toEqual({ phase: 'Complete', items: [], message: expect.stringContaining('no images') });
  });
});

describe('whatever fails, at every step, before or after it was done', () => {
  it.each([
    ['before', ['a']],
    ['after', ['a', 'b']],
  ] as const)('%s, with images %j: another try ends with everything once', async (moment, names) => {
    let steps: string[] = [];
    for (let number = 1; ; number += 1) {
      const name = `fails-${moment}-${number}`;
      const images = await Promise.all(names.map((path) => house.image(`${name}/${path}`)));
      await house.build(name, images);
      const failing = failAt(number, moment);
      house.fault = failing.fault;
      const failed = await attest(name).then(
        () => false,
        (error: Error) => error.message.endsWith('is away'),
      );
      house.fault = () => {};
      if (!failed) {
        // The step of that number does not exist: all were tried.
        steps = failing.seen;
        expect(number).toBe(steps.length + 1);
        await expectAttested(name, images);
        break;
      }
      const signed = (await house.status(name))?.items ?? [];
      // Proofs are of a later tree at the next try.
      await house.grow();
      await attest(name);
      await expectAttested(name, images);
      // An envelope that was written down is the one that is published: never a second one beside it.
      const after = (await house.status(name)) as BuildStatus;
      for (const [at, item] of signed.entries()) expect(after.items[at]?.signed).toBe(item.signed);
    }
    for (const operation of [
      'signer.signStatement',
      'signer.signSimpleSigning',
      'blobs.put',
      'store.patch',
      'log.append',
      'registry.putManifest',
    ])
      expect(steps).toContain(operation);
  });

  it('the control: without what is written down between logging and storing, a later proof makes a second bundle', async () => {
    const images = [await house.image('control')];
    await house.build('control', images);
    await attest('control');
    const complete = (await house.status('control')) as BuildStatus;
    // As if the entries had not been written down, and only the last write had failed.
    const forgotten = complete.items.map(({ logged: _logged, logIndex: _index, uuid: _uuid, stored: _stored, ...item }) => item);
    await house.store.patch(
      resources.builds,
      'default',
      'control',
      [{ op: 'replace', path: '/status', value: { phase: 'Signed', items: forgotten } }],
      'json',
      { subresource: 'status' },
    );
    await house.grow();
    await attest('control');
    expect(await house.bundles(images[0] as Image)).toBe(2);
    // Layers of the tags are known by their signature: those stay single.
    expect(await house.layers(images[0] as Image, 'att')).toHaveLength(1);
  });
});

describe('nothing is lost', () => {
  it('by attestors that write one tag at the same time', async () => {
    const image = await house.image('shared');
    const names = Array.from({ length: 12 }, (_, number) => `shared-${number}`);
    for (const name of names) await house.build(name, [image]);
    await Promise.all(names.map(attest));
    for (const name of names) expect((await house.status(name))?.phase).toBe('Complete');
    const signed = await Promise.all(names.map(async (name) => layerOf(house, (await house.status(name)) as BuildStatus)));
    const layers = await house.layers(image, 'att');
    expect(new Set(layers.map(({ digest }) => digest))).toEqual(new Set(signed));
    expect(layers).toHaveLength(names.length);
    expect(await house.layers(image, 'sig')).toHaveLength(names.length);
    expect(await house.bundles(image)).toBe(names.length);
  });

  it('by somebody who signs with cosign meanwhile', async () => {
    const image = await house.image('beside');
    await house.build('beside', [image]);
    const theirs = Buffer.from('{"payloadType":"application/vnd.in-toto+json","payload":"","signatures":[]}');
    let stolen = false;
    house.fault = async (operation, moment) => {
      // Between our reading of the tag and our writing of it.
      if (stolen || operation !== 'registry.getManifest' || moment !== 'after') return;
      stolen = true;
      const config = await house.registry.putBlob(image.path, Buffer.from('{"architecture":"","os":""}'));
      const layer = await house.registry.putBlob(image.path, theirs);
      const manifest = {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
        layers: [{ ...layer, mediaType: 'application/vnd.dsse.envelope.v1+json' }],
      };
      await house.registry.putManifest(image.path, Buffer.from(JSON.stringify(manifest)), {
        reference: `${image.digest.replace(':', '-')}.att`,
      });
    };
    await attest('beside');
    house.fault = () => {};
    expect(stolen).toBe(true);
    const layers = await house.layers(image, 'att');
    expect(layers).toHaveLength(2);
    expect(await house.blobs.bytes(layers[0]?.digest as `sha256:${string}`)).toEqual(theirs);
  });

  it('by a registry that is away until after a restart: the envelope is durable before, and the very same is stored then', async () => {
    const root = await place();
    let away = await attestingHouse(root);
    const image = await away.image('late');
    await away.build('late', [image]);
    away.fault = (operation) => {
      if (operation.startsWith('registry.')) throw new Error('the registry is away');
    };
    const build = (await away.store.get(resources.builds, 'default', 'late')) as KubeObject;
    for (let times = 0; times < 3; times += 1) await expect(attestBuild(build, away.options)).rejects.toThrow('registry is away');
    const before = (await away.status('late')) as BuildStatus;
    expect(before.phase).toBe('Signed');
    expect(await away.layers(image, 'att')).toEqual([]);
    await away.close();

    away = await attestingHouse(root);
    await attestBuild((await away.store.get(resources.builds, 'default', 'late')) as KubeObject, away.options);
    expect(((await away.status('late')) as BuildStatus).items.map(({ signed }) => signed)).toEqual(
      before.items.map(({ signed }) => signed),
    );
    expect((await away.layers(image, 'att')).map(({ digest }) => digest)).toEqual([await layerOf(away, before)]);
    await away.close();
  });

  it('by a log that has the entry already: what Rekor answers with 409 is success', async () => {
    const image = await house.image('conflict');
    await house.build('conflict', [image]);
    house.fault = (operation, moment) => {
      if (operation === 'log.append' && moment === 'after') throw new Error('the answer is lost');
    };
    const size = house.log.head.size;
    await expect(attest('conflict')).rejects.toThrow('the answer is lost');
    house.fault = () => {};
    await attest('conflict');
    await expectAttested('conflict', [image]);
    expect(house.log.head.size).toBe(size + 2);
  });
});

it('a tag as full as it may be is left, and said; bundles and log go on', async () => {
  const image = await house.image('full');
  const config = await house.registry.putBlob(image.path, Buffer.from('{}'));
  const layer = await house.registry.putBlob(image.path, Buffer.from('what others said'));
  const signed = (number: number) => ({
    ...layer,
    mediaType: 'application/vnd.dsse.envelope.v1+json',
    annotations: { 'dev.cosignproject.cosign/signature': String(number) },
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers: Array.from({ length: 1000 }, (_, number) => signed(number)),
  };
  const reference = `${image.digest.replace(':', '-')}.att`;
  const { digest } = await house.registry.putManifest(image.path, Buffer.from(JSON.stringify(manifest)), { reference });
  await house.build('full', [image]);
  await attest('full');
  const status = (await house.status('full')) as BuildStatus;
  expect([status.phase, status.message]).toEqual(['Complete', expect.stringContaining(`full:${reference}`)]);
  expect((await house.registry.statManifest(image.path, reference))?.digest).toBe(digest);
  expect([await house.bundles(image), (await house.layers(image, 'sig')).length]).toEqual([1, 1]);
  expect((await house.log.get(status.items[0]?.uuid as string)).entry.logIndex).toBe(status.items[0]?.logIndex);
});

it.each([
  [['legacy'], 1, 0],
  [['referrers'], 0, 1],
] as const)('stored as configured: %j', async (storage, layers, bundles) => {
  const image = await house.image(`storage-${storage[0]}`);
  const build = await house.build(`storage-${storage[0]}`, [image]);
  await attestBuild(build, { ...house.options, storage });
  expect(await house.layers(image, 'att')).toHaveLength(layers);
  expect(await house.layers(image, 'sig')).toHaveLength(layers);
  expect(await house.bundles(image)).toBe(bundles);
});
