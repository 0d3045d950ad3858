import { describe, expect, test } from 'vitest';
import {
  copyImage,
  createLayout,
  createRegistryClient,
  directTarget,
  mediaTypes,
  openLayout,
  pullToLayout,
  pushLayout,
} from '../../src/index.ts';
import { codeOf, descriptorOf, json, putImage, temporaryDirectory, testImage, testRegistry } from '../support.ts';
import type { TestRegistry } from '../serve.ts';
import { recorder } from './fake.ts';

const [amd64, arm64] = [testImage('amd64'), testImage('arm64')];
const index = json({
  schemaVersion: 2,
  mediaType: mediaTypes.index,
  manifests: [
    { ...amd64.descriptor, platform: { os: 'linux', architecture: 'amd64' } },
    { ...arm64.descriptor, platform: { os: 'linux', architecture: 'arm64' } },
  ],
});
const root = descriptorOf(index, mediaTypes.index);

async function withIndex(served: TestRegistry): Promise<void> {
  for (const image of [amd64, arm64]) await putImage(served, 'app', image);
  await served.registry.putManifest('app', index, { reference: 'latest' });
}

describe('copying images', () => {
  test('registry → layout → registry → this process, the same bytes', async () => {
    const [from, to, direct] = [await testRegistry(), await testRegistry(), await testRegistry()];
    await withIndex(from);
    const directory = await temporaryDirectory();
    const pulled = await pullToLayout(
      createRegistryClient({ registry: from.host }),
      'app',
      'latest',
      await createLayout(directory),
      'latest',
    );
    expect(pulled.digest).toBe(root.digest);
    const layout = await openLayout(directory);
    const [entry] = (await layout.index()).manifests;
    expect(entry?.digest).toBe(root.digest);
    expect(await layout.verify(root)).toHaveLength(7);
    const client = createRegistryClient({ registry: to.host });
    await pushLayout(layout, root, client, 'copied', 'v1');
    expect((await client.manifest('copied', 'v1'))?.bytes).toEqual(index);
    await pushLayout(layout, root, directTarget(direct.registry, 'run/1'), 'copied', 'v1');
    expect(await direct.registry.statManifest('copied', 'v1')).toMatchObject({ digest: root.digest, pushedBy: 'run/1' });
    // Again is nothing new.
    await pushLayout(layout, root, directTarget(direct.registry, 'run/2'), 'copied', 'v1');
    await layout.close();
  });

  test('registry → registry; within one, blobs are mounted', async () => {
    const { seen, around } = recorder();
    const served = await testRegistry({ around });
    await withIndex(served);
    const client = createRegistryClient({ registry: served.host });
    const descriptor = await copyImage(
      { client, repository: 'app', reference: 'latest' },
      { target: client, repository: 'other', tag: 'v2' },
    );
    expect(descriptor.digest).toBe(root.digest);
    expect(seen.filter(({ method }) => method === 'POST').every(({ query }) => query.get('from') === 'app')).toBe(true);
    expect(seen.some(({ method, path }) => method === 'GET' && path.includes('/blobs/'))).toBe(false);
    const to = await testRegistry();
    await copyImage(
      { client, repository: 'app', reference: root.digest },
      { target: createRegistryClient({ registry: to.host }), repository: 'x' },
    );
    expect((await to.registry.getManifest('x', root.digest))?.bytes).toEqual(index);
    expect(await codeOf(copyImage({ client, repository: 'app', reference: 'none' }, { target: client, repository: 'y' }))).toBe(
      'OCI_NOT_FOUND',
    );
  });

  test('a sha512 image keeps its name in a layout', async () => {
    const served = await testRegistry();
    const layer = Buffer.from('layer');
    const config = Buffer.from('{}');
    const manifest = json({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(config, mediaTypes.empty, 'sha512'),
      layers: [descriptorOf(layer, 'a/b', 'sha512')],
    });
    const name = descriptorOf(manifest, mediaTypes.manifest, 'sha512');
    for (const bytes of [layer, config])
      await served.registry.putBlob('app', bytes, { expected: descriptorOf(bytes, '', 'sha512').digest });
    await served.registry.putManifest('app', manifest, { reference: name.digest });
    const directory = await temporaryDirectory();
    await pullToLayout(createRegistryClient({ registry: served.host }), 'app', name.digest, await createLayout(directory));
    const layout = await openLayout(directory);
    expect(await layout.verify(name)).toHaveLength(3);
    await layout.close();
  });

  test('an index without end is not followed', async () => {
    const served = await testRegistry();
    await putImage(served, 'app', amd64);
    let current = amd64.descriptor;
    for (let depth = 0; depth < 6; depth += 1) {
      const bytes = json({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [current] });
      current = descriptorOf(bytes, mediaTypes.index);
      await served.registry.putManifest('app', bytes, { reference: current.digest });
    }
    const client = createRegistryClient({ registry: served.host });
    expect(await codeOf(pullToLayout(client, 'app', current.digest, await createLayout(await temporaryDirectory())))).toBe(
      'OCI_MANIFEST_INVALID',
    );
  });
});
