import type { Digest } from '@colophon/core';
import { canonicalJsonBytes, digestOf } from '@colophon/core';
import { createLayout, mediaTypes, type Descriptor, type ImageConfig, type Manifest } from '@colophon/oci';
import { join } from 'node:path';
import { unpackLayer } from '../../src/tar/unpack.ts';
import { blobOf, jsonOf } from './build.ts';
import { temporaryDirectory } from './deb.ts';

export interface Changes {
  /** Of each layer's tar archive. */
  readonly archive?: (tar: Buffer, index: number) => Buffer;
  readonly compress: (tar: Buffer) => Buffer;
  readonly config?: (config: ImageConfig) => object;
  /** Leaves layers out, or joins them. */
  readonly layers?: (archives: Buffer[]) => Buffer[];
  readonly annotations?: Record<string, string>;
}

/** The image in another layout, made differently: as somebody else's tools, or a forger, would have it. */
export async function relayout(output: string, digest: Digest, changes: Changes): Promise<{ layout: string; descriptor: Descriptor }> {
  const layout = join(temporaryDirectory(), 'layout');
  const writer = await createLayout(layout);
  const manifest = jsonOf<Manifest>(output, digest);
  const config = jsonOf<ImageConfig>(output, manifest.config.digest);
  const given = await Promise.all(
    manifest.layers.map(async (layer, index) => {
      const tar = await unpackLayer(blobOf(output, layer.digest), 'test');
      return changes.archive?.(tar, index) ?? tar;
    }),
  );
  const archives = changes.layers?.(given) ?? given;
  const layers = await Promise.all(archives.map(async (tar) => writer.putBlob(changes.compress(tar), mediaTypes.layerGzip)));
  const changed = { ...(changes.config?.(config) ?? config), rootfs: { type: 'layers', diff_ids: archives.map((tar) => digestOf(tar)) } };
  const bytes = canonicalJsonBytes({
    ...manifest,
    config: await writer.putBlob(canonicalJsonBytes(changed), mediaTypes.config),
    layers,
    annotations: changes.annotations ?? manifest.annotations,
  });
  const descriptor = await writer.putBlob(bytes, mediaTypes.manifest);
  await writer.addManifest(descriptor, { refName: 'latest' });
  return { layout, descriptor };
}
