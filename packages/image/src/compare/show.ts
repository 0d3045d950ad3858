import type { Digest } from '@colophon/core';
import type { Descriptor, Layout } from '@colophon/oci';
import { encoderAnnotation } from '../build/config.ts';
import { factsOfStatus } from '../layer/package.ts';
import { loadImage, manifestsOf, withLayout } from './load.ts';

export interface ShownLayer {
  readonly digest: Digest;
  readonly diffId: Digest;
  /** Bytes, compressed. */
  readonly size: number;
  readonly createdBy?: string;
}

export interface ShownPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  /** Number of the layer that brought it, from 1. */
  readonly layer: number;
}

export interface ShownImage {
  readonly descriptor: Descriptor;
  readonly platform: string;
  readonly created?: string;
  readonly encoder?: string;
  /** Bytes of all compressed layers. */
  readonly size: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly layers: readonly ShownLayer[];
  readonly packages: readonly ShownPackage[];
  /** Files, directories and links that the image has. */
  readonly entries: number;
}

/** What a person wants to know of an image in a layout, one for each platform. Every layer is read, and checked as it is. */
export async function showImage(layout: Layout | string, wanted: { digest?: Digest; tag?: string } = {}): Promise<ShownImage[]> {
  return withLayout(layout, async (opened) => {
    const { members } = await manifestsOf(opened, wanted);
    const shown: ShownImage[] = [];
    for (const member of members) shown.push(await showOne(opened, member));
    return shown;
  });
}

async function showOne(layout: Layout, descriptor: Descriptor): Promise<ShownImage> {
  const image = await loadImage(layout, descriptor);
  const { manifest, config } = image;
  const tree = await image.tree();
  const nodes = [...tree.nodes()];
  const annotations = manifest.annotations ?? {};
  const history = (config.history ?? []).filter(({ empty_layer: empty }) => empty !== true);
  const packages = nodes.flatMap(({ path, text, layer }) => {
    const facts = text === undefined || !path.startsWith('var/lib/dpkg/status.d/') ? undefined : factsOfStatus(text);
    if (facts === undefined) return [];
    return [{ name: facts.name, version: facts.version, architecture: facts.architecture, source: facts.source, layer: layer + 1 }];
  });
  return {
    descriptor,
    platform: [config.os, config.architecture, config.variant].filter((part) => part !== undefined).join('/'),
    ...(config.created === undefined ? {} : { created: config.created }),
    ...(annotations[encoderAnnotation] === undefined ? {} : { encoder: annotations[encoderAnnotation] }),
    size: manifest.layers.reduce((sum, { size }) => sum + size, 0),
    config: { ...config.config },
    annotations,
    layers: manifest.layers.map(({ digest, size }, index) => {
      const createdBy = history[index]?.created_by;
      return { digest, size, diffId: config.rootfs.diff_ids[index] as Digest, ...(createdBy === undefined ? {} : { createdBy }) };
    }),
    packages: packages.sort((left, right) => (left.name < right.name ? -1 : 1)),
    entries: nodes.length,
  };
}
