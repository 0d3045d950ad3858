import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLayout, mediaTypes, openLayout } from '../../src/index.ts';
import { digestOf } from '@colophon/core';
import { atEnd, descriptorOf, putImage, testImage, testReferrer, testRegistry } from '../support.ts';
import { findClient, nothingIsOpen, pullsAreOpen, shell, username } from './clients.ts';

const crane = findClient('crane');
const oras = findClient('oras');
const skopeo = findClient('skopeo');

async function writeLayout(directory: string) {
  const image = testImage('written by us');
  const writer = await createLayout(directory);
  for (const { descriptor, bytes } of image.blobs) await writer.putBlob(bytes, descriptor.mediaType);
  await writer.putBlob(image.manifest, mediaTypes.manifest);
  await writer.addManifest(image.descriptor, 'latest');
  return image;
}

async function verified(directory: string) {
  const layout = await openLayout(directory);
  atEnd(() => layout.close());
  const { manifests } = await layout.index();
  for (const descriptor of manifests) await layout.verify(descriptor);
  return manifests;
}

describe.skipIf(crane === undefined)('crane, unmodified', () => {
  const program = crane ?? '';
  test.each([
    ['pulls open', pullsAreOpen],
    ['all closed', nothingIsOpen],
  ])('pushes, lists, copies, pulls, tags, removes (%s)', async (_name, authorize) => {
    const { host, registry } = await testRegistry({ authorize });
    const run = await shell(host);
    const image = await writeLayout(join(run.home, 'layout'));
    await run(program, 'push', 'layout', `${host}/app:v1`);
    expect((await run(program, 'digest', `${host}/app:v1`)).trim()).toBe(image.descriptor.digest);
    expect((await registry.statManifest('app', 'v1'))?.pushedBy).toBe(username);
    await run(program, 'tag', `${host}/app:v1`, 'v2');
    await run(program, 'copy', `${host}/app:v2`, `${host}/other/app:v3`);
    expect((await run(program, 'ls', `${host}/app`)).trim().split('\n')).toEqual(['v1', 'v2']);
    expect((await run(program, 'catalog', host)).trim().split('\n')).toEqual(['app', 'other/app']);
    await run(program, 'pull', '--format=oci', `${host}/other/app:v3`, 'pulled');
    expect((await verified(join(run.home, 'pulled'))).map(({ digest }) => digest)).toEqual([image.descriptor.digest]);
    await run(program, 'validate', '--remote', `${host}/app:v1`).catch((error: unknown) => {
      // Our layer is no tar; that is all that it may find wrong.
      expect((error as Error).message).not.toMatch(/digest|size mismatch/i);
    });
    const layer = image.blobs[1]?.descriptor.digest ?? '';
    expect(digestOf(await run(program, 'blob', `${host}/app@${layer}`))).toBe(layer);
    await run(program, 'delete', `${host}/app@${image.descriptor.digest}`);
    expect(await registry.tags('app')).toEqual([]);
  });

  test('without logging in: pulls where pulls are open, never pushes', async () => {
    const { host, registry } = await testRegistry({ authorize: pullsAreOpen });
    await putImage({ registry }, 'app', testImage('a'), 'latest');
    const run = await shell(host, false);
    await writeLayout(join(run.home, 'layout'));
    expect(JSON.parse(await run(program, 'manifest', `${host}/app:latest`))).toMatchObject({ schemaVersion: 2 });
    await expect(run(program, 'push', 'layout', `${host}/app:mine`)).rejects.toThrow(/UNAUTHORIZED|401/);
    expect(await registry.tags('app')).toEqual(['latest']);
  });
});

describe.skipIf(oras === undefined)('oras, unmodified', () => {
  const program = oras ?? '';
  test('pushes an artifact, attaches and discovers, copies with referrers, pulls', async () => {
    const { host, registry } = await testRegistry({ authorize: nothingIsOpen });
    const run = await shell(host);
    await writeFile(join(run.home, 'hello.txt'), 'hello\n');
    await writeFile(join(run.home, 'sbom.json'), '{}\n');
    await run(program, 'push', '--plain-http', '--artifact-type', 'a/hello', `${host}/app:v1`, 'hello.txt:text/plain');
    await run(program, 'attach', '--plain-http', '--artifact-type', 'a/sbom', `${host}/app:v1`, 'sbom.json:application/json');
    const found = JSON.parse(await run(program, 'discover', '--plain-http', '--format', 'json', `${host}/app:v1`)) as {
      referrers?: { artifactType: string }[];
      manifests?: { artifactType: string }[];
    };
    expect((found.referrers ?? found.manifests ?? []).map(({ artifactType }) => artifactType)).toEqual(['a/sbom']);
    await run(program, 'cp', '-r', '--from-plain-http', '--to-plain-http', `${host}/app:v1`, `${host}/copy:v1`);
    const subject = (await registry.statManifest('copy', 'v1'))?.digest ?? 'sha256:';
    expect((await registry.referrers('copy', subject)).manifests).toHaveLength(1);
    await run(program, 'pull', '--plain-http', '-o', 'out', `${host}/copy:v1`);
    expect(await run('/bin/cat', 'out/hello.txt')).toBe('hello\n');
    expect((await run(program, 'repo', 'tags', '--plain-http', `${host}/app`)).trim()).toBe('v1');
    await run(program, 'blob', 'push', '--plain-http', `${host}/app`, 'sbom.json');
    await run(program, 'cp', '--from-plain-http', `${host}/app:v1`, '--to-oci-layout', 'layout:v1');
    expect(await verified(join(run.home, 'layout'))).toHaveLength(1);
  });

  test('finds what we attached', async () => {
    const { host, registry } = await testRegistry({ authorize: pullsAreOpen });
    const image = testImage('a');
    await putImage({ registry }, 'app', image, 'latest');
    await putImage({ registry }, 'app', testReferrer(image.descriptor, 'application/vnd.dev.sigstore.bundle.v0.3+json', 'bundle'));
    const tree = await (await shell(host))(program, 'discover', '--plain-http', `${host}/app:latest`);
    expect(tree).toContain('application/vnd.dev.sigstore.bundle.v0.3+json');
  });
});

describe.skipIf(skopeo === undefined)('skopeo, unmodified', () => {
  // Left to itself, skopeo compresses layers on their way.
  const program = skopeo ?? '';
  test.each([
    ['pulls open', pullsAreOpen],
    ['all closed', nothingIsOpen],
  ])('copies in and out, inspects, lists, removes (%s)', async (_name, authorize) => {
    const { host, registry } = await testRegistry({ authorize });
    const run = await shell(host);
    const image = await writeLayout(join(run.home, 'layout'));
    await run(program, 'copy', '--preserve-digests', '--dest-tls-verify=false', 'oci:layout:latest', `docker://${host}/app:v1`);
    expect((await registry.statManifest('app', 'v1'))?.digest).toBe(image.descriptor.digest);
    expect(JSON.parse(await run(program, 'inspect', '--tls-verify=false', `docker://${host}/app:v1`))).toMatchObject({
      Digest: image.descriptor.digest,
      Architecture: 'amd64',
    });
    await run(program, 'copy', '--src-tls-verify=false', '--preserve-digests', `docker://${host}/app:v1`, 'oci:out:latest');
    expect((await verified(join(run.home, 'out')))[0]?.digest).toBe(image.descriptor.digest);
    await run(program, 'copy', '--src-tls-verify=false', '--dest-tls-verify=false', `docker://${host}/app:v1`, `docker://${host}/other:v2`);
    expect(JSON.parse(await run(program, 'list-tags', '--tls-verify=false', `docker://${host}/other`))).toMatchObject({ Tags: ['v2'] });
    await run(program, 'delete', '--tls-verify=false', `docker://${host}/app:v1`);
    expect(await registry.tags('app')).toEqual([]);
  });

  test('an index with two architectures', async () => {
    const { host, registry } = await testRegistry({ authorize: pullsAreOpen });
    const [one, two] = [testImage('one'), testImage('two')];
    for (const image of [one, two]) await putImage({ registry }, 'app', image);
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [
          { ...one.descriptor, platform: { os: 'linux', architecture: 'amd64' } },
          { ...two.descriptor, platform: { os: 'linux', architecture: 'arm64' } },
        ],
      }),
    );
    await registry.putManifest('app', index, { reference: 'latest' });
    const run = await shell(host);
    await run(
      program,
      'copy',
      '--all',
      '--preserve-digests',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `docker://${host}/app:latest`,
      `docker://${host}/copy:latest`,
    );
    expect((await registry.statManifest('copy', 'latest'))?.digest).toBe(descriptorOf(index).digest);
  });
});
