import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebLimits, Lock } from '@colophon/debian';
import { createLayout, mediaTypes, type Descriptor, type LayoutWriter } from '@colophon/oci';
import { encoderId } from '../encoder/encoder.ts';
import { imageErrors } from '../errors.ts';
import type { PackageFacts } from '../layer/record.ts';
import { packagesOf } from '../sbom/spdx.ts';
import type { ImageSpec } from '../spec/schema.ts';
import { openLayerCache } from '../work/cache.ts';
import { createLayerPool } from '../work/pool.ts';
import type { LayoutImage } from './base.ts';
import { imageIndex } from './config.ts';
import { createLayerStore, type BuildProgress, type LayerStore } from './layer-store.ts';
import type { ImageLayer } from './layer.ts';
import { buildArchitecture, type BuiltManifest } from './architecture.ts';

export interface BuildOptions {
  readonly spec: ImageSpec;
  /** One for each architecture of the specification; none is needed where it names no packages. */
  readonly lock?: Lock | readonly Lock[];
  /** Where the .deb of that SHA-256 is; asked for only what the layer cache does not have. May be a promise while it is being fetched. It is checked again. */
  readonly debs: (sha256: string) => string | Promise<string>;
  /**
   * What must hold before the image may be used, while `debs` are taken already: that their origin is proven, say. The
   * layout's index names nothing before it has resolved; when it rejects, the build ends with its reason at once.
   */
  readonly proven?: Promise<unknown>;
  readonly base?: LayoutImage;
  /** Directory of local files. */
  readonly files?: string;
  /** Directory of the OCI layout that the image is put into; made if it is not there. */
  readonly output: string;
  /** Directory of encoded layers, kept from build to build. Default: none is kept. */
  readonly cache?: string;
  /** Tags of the variants to build. Default: all. */
  readonly variants?: readonly string[];
  /** RFC 3339; default: the lock's snapshot, or the base's time. */
  readonly created?: string;
  /** Worker threads; no byte depends on it. Default: one for each core. */
  readonly workers?: number;
  readonly limits?: Partial<DebLimits>;
  readonly onProgress?: (event: BuildProgress) => void;
}

/** One variant: what its tag names. */
export interface BuiltImage {
  readonly tag: string;
  /** Of the image manifest, or of the index where the specification has several architectures. */
  readonly descriptor: Descriptor;
  readonly manifests: readonly BuiltManifest[];
}

/** `descriptor`, `layers`, `packages` and `sbom` are those of the first variant and architecture. */
export interface BuildResult {
  readonly descriptor: Descriptor;
  readonly layers: readonly ImageLayer[];
  readonly packages: readonly PackageFacts[];
  readonly sbom: Buffer;
  readonly encoder: typeof encoderId;
  readonly images: readonly BuiltImage[];
}

/**
 * Builds an image, all its variants and architectures, into an OCI layout. The same specification, lock, packages,
 * base and local files give the same bytes, whatever the machine. Packages and base may be hostile: nothing that
 * they hold is run, written outside the layout, or followed. Safe to repeat: what is there already is written again.
 */
export async function buildImage(options: BuildOptions): Promise<BuildResult> {
  const { spec } = options;
  // It is awaited below; a build that ends before leaves its rejection unheard.
  options.proven?.catch(() => {});
  const variants = chosenVariants(spec, options.variants);
  const cacheDirectory = options.cache ?? (await mkdtemp(join(tmpdir(), 'colophon-layers-')));
  const pool = createLayerPool(cacheDirectory, options.workers);
  try {
    // The index names what this build made, and nothing of an earlier one. Blobs that nobody names any more are left.
    await rm(join(options.output, 'index.json'), { force: true });
    const output = await createLayout(options.output);
    const store = createLayerStore(await openLayerCache(cacheDirectory), pool, output, options.onProgress);
    const [result] = await Promise.all([buildAll(options, variants, output, store), options.proven]);
    return result;
  } finally {
    await pool.close();
    if (options.cache === undefined) await rm(cacheDirectory, { recursive: true, force: true });
  }
}

function chosenVariants(spec: ImageSpec, wanted: readonly string[] | undefined): string[] {
  const all = Object.keys(spec.variants ?? { latest: {} });
  const unknown = wanted?.find((tag) => !all.includes(tag));
  if (unknown !== undefined)
    throw imageErrors.error('IMAGE_VARIANT_UNKNOWN', `${spec.name} has no variant ${unknown}; it has ${all.join(', ')}`);
  return all.filter((tag) => wanted?.includes(tag) ?? true);
}

async function buildAll(options: BuildOptions, variants: readonly string[], output: LayoutWriter, store: LayerStore): Promise<BuildResult> {
  const { spec } = options;
  const built = new Map<string, BuiltManifest[]>(variants.map((tag) => [tag, []]));
  for (const architecture of spec.architectures) {
    for (const [tag, manifest] of await buildArchitecture(architecture, variants, options, output, store)) built.get(tag)?.push(manifest);
  }
  await options.proven;
  const images: BuiltImage[] = [];
  for (const [tag, manifests] of built) {
    const [only] = manifests;
    if (only === undefined) continue;
    const annotations = { ...spec.annotations, ...spec.variants?.[tag]?.annotations };
    const descriptor =
      manifests.length === 1 ? only.descriptor : await output.putBlob(imageIndex(manifests, annotations), mediaTypes.index);
    await output.addManifest(descriptor, { refName: tag, ...(manifests.length === 1 ? { platform: only.platform } : {}) });
    for (const { sbomManifest } of manifests) await output.addManifest(sbomManifest);
    images.push({ tag, descriptor, manifests });
  }
  const [first] = images as [BuiltImage];
  const [{ layers, sbom }] = first.manifests as [BuiltManifest];
  return { descriptor: first.descriptor, layers, packages: packagesOf({ layers }), sbom, encoder: encoderId, images };
}
