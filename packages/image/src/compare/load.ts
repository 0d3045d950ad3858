import { openLayout, type Descriptor, type ImageConfig, type Layout, type Manifest } from '@colophon/oci';
import type { Digest } from '@colophon/core';
import { applyForeignLayer, findInLayout, openImage } from '../build/base.ts';
import { createTree, type Tree } from '../build/tree.ts';
import { layerLimit, unpackLayer } from '../tar/unpack.ts';

/** One image manifest with its configuration; layers are read when they are asked for. */
export interface LoadedImage {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** The tar archive of layer `index`. */
  archive(index: number): Promise<Buffer>;
  /** The file system that all layers give. */
  tree(): Promise<Tree>;
}

/** Opens a layout where a path is given, and closes it afterwards; an open one stays open. */
export async function withLayout<Result>(layout: Layout | string, use: (layout: Layout) => Promise<Result>): Promise<Result> {
  if (typeof layout !== 'string') return use(layout);
  const opened = await openLayout(layout);
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

/** The image manifests below a digest or tag: itself, or the members of an index. */
export async function manifestsOf(
  layout: Layout,
  wanted: { digest?: Digest; tag?: string },
): Promise<{ descriptor: Descriptor; members: readonly Descriptor[] }> {
  const descriptor = await findInLayout(layout, wanted);
  const opened = await layout.manifest(descriptor);
  return { descriptor, members: opened.kind === 'index' ? opened.index.manifests : [descriptor] };
}

export async function loadImage(layout: Layout, descriptor: Descriptor): Promise<LoadedImage> {
  const image = await openImage(layout, descriptor);
  const { layers } = image.manifest;
  const blob = (index: number) => layout.bytes(layers[index] as Descriptor, layerLimit);
  return {
    ...image,
    archive: async (index) => unpackLayer(await blob(index), `layer ${index + 1}`),
    async tree() {
      const tree = createTree();
      for (const index of layers.keys()) await applyForeignLayer(tree, await blob(index), index, `layer ${index + 1}`);
      return tree;
    },
  };
}
