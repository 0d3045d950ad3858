import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLayout, mediaTypes, openLayout } from '../../src/index.ts';
import { codeOf, descriptorOf, read, temporaryDirectory, testImage } from '../support.ts';

async function contents(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = names.map(async (entry) => [
    join(entry.parentPath, entry.name).slice(directory.length),
    (await readFile(join(entry.parentPath, entry.name))).toString('base64'),
  ]);
  return Object.fromEntries(await Promise.all(files)) as Record<string, string>;
}

describe('writing layouts', () => {
  test('the same images give the same bytes, in whatever order and umask', async () => {
    const images = ['a', 'b', 'c'].map((name) => testImage(name));
    const build = async (order: readonly number[]) => {
      const directory = await temporaryDirectory();
      const writer = await createLayout(directory);
      await Promise.all(
        order.map(async (number) => {
          const image = images[number] as (typeof images)[0];
          for (const { descriptor, bytes } of image.blobs) await writer.putBlob(bytes, descriptor.mediaType);
          await writer.putBlob(image.manifest, mediaTypes.manifest);
          await writer.addManifest(image.descriptor, `tag${number}`);
        }),
      );
      return contents(directory);
    };
    const first = await build([0, 1, 2]);
    const umask = process.umask(0o077);
    try {
      expect(await build([2, 0, 1])).toEqual(first);
    } finally {
      process.umask(umask);
    }
    expect(Buffer.from(first['/oci-layout'] ?? '', 'base64').toString()).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(Object.keys(first).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('what is written is read back (property)', async () => {
    const directory = await temporaryDirectory();
    const writer = await createLayout(directory);
    const layout = await openLayout(directory);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 5 }),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        async (chunks, algorithm) => {
          const bytes = Buffer.concat(chunks);
          const wanted = descriptorOf(bytes, 'a/b', algorithm);
          const stream = async function* () {
            yield* chunks;
          };
          expect(await writer.putBlob(stream(), 'a/b', wanted.digest)).toEqual(wanted);
          expect(await read(layout.blob(wanted))).toEqual(bytes);
        },
      ),
      { numRuns: 40 },
    );
    await layout.close();
  });

  test('a name moves; other entries and annotations stay', async () => {
    const directory = await temporaryDirectory();
    const [one, two] = [testImage('one'), testImage('two')];
    const writer = await createLayout(directory);
    await writer.addManifest({ ...one.descriptor, annotations: { a: 'b' }, artifactType: 'x/y' }, 'latest');
    await writer.addManifest(one.descriptor);
    await writer.addManifest(one.descriptor);
    await (
      await createLayout(directory)
    ).addManifest(two.descriptor, { refName: 'latest', platform: { os: 'linux', architecture: 'arm64' } });
    const layout = await openLayout(directory);
    expect((await layout.index()).manifests).toEqual([
      one.descriptor,
      {
        ...two.descriptor,
        platform: { os: 'linux', architecture: 'arm64' },
        annotations: { 'org.opencontainers.image.ref.name': 'latest' },
      },
    ]);
    await layout.close();
  });

  test('content that is not what was expected leaves nothing', async () => {
    const directory = await temporaryDirectory();
    const writer = await createLayout(directory);
    expect(await codeOf(writer.putBlob(Buffer.from('x'), 'a/b', descriptorOf(Buffer.from('y')).digest))).toBe('OCI_CONTENT_MISMATCH');
    expect(await readdir(join(directory, 'blobs', 'sha256'))).toEqual([]);
  });
});
