import { execFileSync } from 'node:child_process';
import { mkdir, open, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDigest } from '@colophon/core';
import { createLayout, layoutLimits, mediaTypes, openDirectory, openLayout, type Descriptor, type Layout } from '../../src/index.ts';
import { atEnd, codeOf, descriptorOf, json, read, temporaryDirectory, testImage, type TestImage } from '../support.ts';

async function writeImage(directory: string, image: TestImage): Promise<Descriptor> {
  const writer = await createLayout(directory);
  for (const { descriptor, bytes } of image.blobs) await writer.putBlob(bytes, descriptor.mediaType);
  await writer.putBlob(image.manifest, mediaTypes.manifest);
  await writer.addManifest(image.descriptor, { refName: 'latest' });
  return image.descriptor;
}

async function opened(directory: string): Promise<Layout> {
  const layout = await openLayout(directory);
  atEnd(() => layout.close());
  return layout;
}

const image = testImage('hostile');
const layer = image.blobs[1]?.descriptor as Descriptor;

async function hostile(
  change: (directory: string, layerPath: string) => Promise<void>,
): Promise<{ directory: string; layout: () => Promise<Layout> }> {
  const directory = join(await temporaryDirectory(), 'layout');
  await writeImage(directory, image);
  await change(directory, join(directory, 'blobs', 'sha256', parseDigest(layer.digest).hex));
  return { directory, layout: () => opened(directory) };
}

const verify = async (given: { layout: () => Promise<Layout> }) => (await given.layout()).verify(image.descriptor);

describe('a layout that a hostile step left (image-spec, image-layout.md)', () => {
  test('the control: untouched, everything is there, leaves first', async () => {
    const found = await verify(await hostile(async () => {}));
    expect(found.map(({ digest }) => digest)).toEqual([...image.blobs.map(({ descriptor }) => descriptor.digest), image.descriptor.digest]);
  });

  test.each(['oci-layout', 'index.json', 'blobs', 'blobs/sha256'])('a link for %s is not followed', async (name) => {
    const given = await hostile(async (directory) => {
      await rename(join(directory, name), join(directory, 'elsewhere'));
      await symlink(join(directory, 'elsewhere'), join(directory, name));
    });
    expect(await codeOf(given.layout().then(async (layout) => [await layout.index(), await layout.verify(image.descriptor)]))).toBe(
      'OCI_LAYOUT_INVALID',
    );
  });

  test('nor is a link for the layout itself, or for a blob, even to the right content', async () => {
    const given = await hostile(async (directory, path) => {
      await rename(path, join(directory, 'elsewhere'));
      await symlink('../../elsewhere', path);
      await symlink(directory, `${directory}-link`);
    });
    expect(await codeOf(openLayout(`${given.directory}-link`))).toBe('OCI_LAYOUT_INVALID');
    expect(await codeOf(verify(given))).toBe('OCI_LAYOUT_INVALID');
  });

  test('a link to a file of the host gives nothing of it', async () => {
    const given = await hostile(async (_directory, path) => {
      await rm(path);
      await symlink('/etc/passwd', path);
    });
    await expect(verify(given)).rejects.toMatchObject({ code: 'OCI_LAYOUT_INVALID', message: expect.stringContaining('symbolic link') });
  });

  test('a FIFO, a folder, a socket and a device are refused, and nobody waits for them', async () => {
    const fifo = await hostile(async (_directory, path) => {
      await rm(path);
      execFileSync('mkfifo', [path]);
    });
    expect(await codeOf(verify(fifo))).toBe('OCI_LAYOUT_INVALID');
    const folder = await hostile(async (_directory, path) => {
      await rm(path);
      await mkdir(path);
    });
    expect(await codeOf(verify(folder))).toBe('OCI_LAYOUT_INVALID');
    const index = await hostile(async (directory) => {
      await rm(join(directory, 'index.json'));
      execFileSync('mkfifo', [join(directory, 'index.json')]);
    });
    expect(await codeOf(index.layout().then((layout) => layout.index()))).toBe('OCI_LAYOUT_INVALID');
    const socket = await hostile(async (directory) => {
      await rm(join(directory, 'oci-layout'));
      const server = createServer().listen(join(directory, 'oci-layout'));
      await new Promise((resolve) => server.once('listening', resolve));
      atEnd(() => new Promise((resolve) => server.close(resolve)));
    });
    expect(await codeOf(socket.layout())).toBe('OCI_LAYOUT_INVALID');
    const device = await hostile(async (_directory, path) => {
      await rm(path);
      try {
        execFileSync('mknod', [path, 'c', '1', '5'], { stdio: 'ignore' });
      } catch {
        execFileSync('mkfifo', [path]);
      }
    });
    expect(await codeOf(verify(device))).toBe('OCI_LAYOUT_INVALID');
  });

  test('content, size or both that lie are refused', async () => {
    const content = await hostile(async (_directory, path) => writeFile(path, Buffer.alloc(layer.size)));
    expect(await codeOf(verify(content))).toBe('OCI_CONTENT_MISMATCH');
    const longer = await hostile(async (_directory, path) => writeFile(path, Buffer.alloc(layer.size + 1)));
    expect(await codeOf(verify(longer))).toBe('OCI_CONTENT_MISMATCH');
    const sparse = await hostile(async (_directory, path) => truncate(path, 2 ** 40));
    expect(await codeOf(verify(sparse))).toBe('OCI_CONTENT_MISMATCH');
    const lying = await hostile(async () => {});
    const layout = await lying.layout();
    expect(await codeOf(layout.verify({ ...image.descriptor, size: 1 }))).toBe('OCI_CONTENT_MISMATCH');
    expect(await codeOf(layout.verify({ ...image.descriptor, mediaType: mediaTypes.index }))).toBe('OCI_MANIFEST_INVALID');
  });

  test('a blob that grows while it is read does not pass', async () => {
    const given = await hostile(async () => {});
    const layout = await given.layout();
    const iterator = layout.blob(layer)[Symbol.asyncIterator]();
    await iterator.next();
    const handle = await open(join(given.directory, 'blobs', 'sha256', parseDigest(layer.digest).hex), 'a');
    await handle.writeFile('more');
    await handle.close();
    expect(await codeOf(Promise.resolve(iterator.next()))).toBe('OCI_CONTENT_MISMATCH');
  });

  test('one digest named as a layer and as a manifest is refused', async () => {
    const directory = join(await temporaryDirectory(), 'layout');
    await writeImage(directory, image);
    const writer = await createLayout(directory);
    const index = json({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [{ ...image.descriptor, mediaType: mediaTypes.layer }, image.descriptor],
    });
    await writer.putBlob(index, mediaTypes.index);
    expect(await codeOf((await opened(directory)).verify(descriptorOf(index, mediaTypes.index)))).toBe('OCI_LAYOUT_INVALID');
  });

  test('a config with fewer diffIDs than layers is refused', async () => {
    const directory = join(await temporaryDirectory(), 'layout');
    const config = json({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
    const manifest = json({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(config, mediaTypes.config),
      layers: [layer],
    });
    const writer = await createLayout(directory);
    for (const bytes of [config, manifest, image.blobs[1]?.bytes as Buffer]) await writer.putBlob(bytes, 'a/b');
    expect(await codeOf((await opened(directory)).verify(descriptorOf(manifest, mediaTypes.manifest)))).toBe('OCI_LAYOUT_INVALID');
  });

  test('indexes nested too deep, too many blobs, too many bytes are refused', async () => {
    const directory = join(await temporaryDirectory(), 'layout');
    let current = await writeImage(directory, image);
    const writer = await createLayout(directory);
    for (let depth = 0; depth < 6; depth += 1) {
      const index = json({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [current] });
      await writer.putBlob(index, mediaTypes.index);
      current = descriptorOf(index, mediaTypes.index);
    }
    const layout = await opened(directory);
    expect(await codeOf(layout.verify(current))).toBe('OCI_LAYOUT_INVALID');
    expect(await codeOf(layout.verify(image.descriptor, { ...layoutLimits, blobs: 2 }))).toBe('OCI_TOO_LARGE');
    expect(await codeOf(layout.verify(image.descriptor, { ...layoutLimits, total: 500 }))).toBe('OCI_TOO_LARGE');
    expect(await codeOf(layout.verify(image.descriptor, { ...layoutLimits, blob: 500 }))).toBe('OCI_TOO_LARGE');
  });

  test('a huge index.json or manifest is not read', async () => {
    const given = await hostile(async (directory) => truncate(join(directory, 'index.json'), 2 ** 33));
    expect(await codeOf(given.layout().then((layout) => layout.index()))).toBe('OCI_TOO_LARGE');
    const layout = await (await hostile(async () => {})).layout();
    expect(await codeOf(layout.manifest({ ...image.descriptor, size: 2 ** 33 }))).toBe('OCI_TOO_LARGE');
  });

  test.each(['{}', '{"imageLayoutVersion":"2.0.0"}', 'null', '[]', '\xff', ''])('an oci-layout of %j is refused', async (text) => {
    const given = await hostile(async (directory) => writeFile(join(directory, 'oci-layout'), text, 'latin1'));
    expect(await codeOf(given.layout())).toMatch(/^(OCI_LAYOUT_INVALID|CORE_JSON_INVALID)$/);
  });

  test('digests are checked before they become paths', async () => {
    const layout = await (await hostile(async () => {})).layout();
    for (const digest of ['sha256:../../../../etc/passwd', 'sha256:', '../x', `md5:${'0'.repeat(32)}`])
      expect(await codeOf(read(layout.blob({ digest: digest as Descriptor['digest'], size: 1 })))).toBe('CORE_DIGEST_INVALID');
  });

  test('with the folder above open already, nobody can put another in its place', async () => {
    const given = await hostile(async () => {});
    const parent = await openDirectory(join(given.directory, '..'));
    atEnd(() => parent.close());
    const layout = await openLayout({ parent, name: 'layout' });
    atEnd(() => layout.close());
    await expect(layout.verify(image.descriptor)).resolves.toHaveLength(3);
    for (const name of ['..', '.', '', 'a/b', '../layout']) expect(await codeOf(openLayout({ parent, name }))).toBe('OCI_LAYOUT_INVALID');
  });
});
