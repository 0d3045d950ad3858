import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { canonicalJsonBytes, digestOf, type Digest } from '@colophon/core';
import { gzipMember, writeTar, type Entry } from '@colophon/image';
import { createLayout, mediaTypes, type Descriptor } from '@colophon/oci';
import { afterAll } from 'vitest';

const places: string[] = [];
afterAll(() => {
  for (const place of places) rmSync(place, { recursive: true, force: true });
});

export function temporaryDirectory(): string {
  const place = mkdtempSync(join(tmpdir(), 'colophon-rebuild-test-'));
  places.push(place);
  return place;
}

export function entry(path: string, content: string, facts: Partial<Entry> = {}): Entry {
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, content: Buffer.from(content), ...facts };
}

export interface MadeImage {
  readonly directory: string;
  readonly descriptor: Descriptor;
  readonly digest: Digest;
}

/** An image of these layers in a layout of its own. */
export async function makeImage(
  layers: readonly (readonly Entry[])[],
  options: { encoder?: 'ours' | 'zlib'; user?: string } = {},
): Promise<MadeImage> {
  const directory = temporaryDirectory();
  const layout = await createLayout(directory);
  const archives = layers.map((entries) => writeTar(entries));
  const descriptors: Descriptor[] = [];
  for (const tar of archives)
    descriptors.push(await layout.putBlob(options.encoder === 'zlib' ? gzipSync(tar) : gzipMember(tar), mediaTypes.layerGzip));
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { User: options.user ?? '0' },
    rootfs: { type: 'layers', diff_ids: archives.map((tar) => digestOf(tar)) },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: await layout.putBlob(canonicalJsonBytes(config), mediaTypes.config),
    layers: descriptors,
  };
  const descriptor = await layout.putBlob(canonicalJsonBytes(manifest), mediaTypes.manifest);
  await layout.addManifest(descriptor);
  return { directory, descriptor, digest: descriptor.digest };
}
