import { canonicalJsonBytes } from '@colophon/core';
import type { Lock } from '@colophon/debian';
import { emptyJson, mediaTypes, openLayout, type Descriptor, type Layout, type LayoutWriter } from '@colophon/oci';
import { imageErrors } from '../errors.ts';
import { factsOfStatus } from '../layer/package.ts';
import { spdxDocument } from '../sbom/spdx.ts';
import type { VariantSpec } from '../spec/schema.ts';
import { layerLimit } from '../tar/unpack.ts';
import { packageKey } from '../work/job.ts';
import { assemble, emptyAssembly, type Assembly, type AssemblyContext } from './assemble.ts';
import { applyForeignLayer, findInLayout, openImage, type OpenImage } from './base.ts';
import type { BuildOptions } from './build.ts';
import { imageConfig, imageManifest } from './config.ts';
import type { LayerStore } from './layer-store.ts';
import type { ImageLayer } from './layer.ts';
import { packageJobs } from './packages.ts';
import { platformOf, type Platform } from './platform.ts';
import { createTree } from './tree.ts';

export interface BuiltManifest {
  readonly architecture: string;
  readonly platform: Platform;
  readonly descriptor: Descriptor;
  readonly layers: readonly ImageLayer[];
  /** SPDX 2.3, canonical JSON. */
  readonly sbom: Buffer;
  /** An OCI artifact in the same layout whose subject is the image: its SBOM as a referrer. */
  readonly sbomManifest: Descriptor;
}

const spdxType = 'application/spdx+json';

/** Builds the wanted variants for one architecture; what they share is assembled once. */
export async function buildArchitecture(
  architecture: string,
  variants: readonly string[],
  options: BuildOptions,
  output: LayoutWriter,
  store: LayerStore,
): Promise<[string, BuiltManifest][]> {
  const { spec } = options;
  const platform = platformOf(architecture);
  const lock = lockFor(architecture, options.lock);
  const layout = options.base === undefined ? undefined : await openLayout(options.base.directory);
  try {
    const base = await openBase(layout, options, platform);
    const created = options.created ?? lock?.snapshot ?? base?.config.created ?? '1970-01-01T00:00:00Z';
    const context: AssemblyContext = {
      spec,
      architecture,
      lock,
      debs: options.debs,
      limits: options.limits ?? {},
      created: Math.floor(Date.parse(created) / 1000),
      files: options.files,
      store,
      baseBlob: ({ descriptor }) => (layout as Layout).bytes(descriptor, layerLimit),
    };
    const below = base === undefined ? emptyAssembly : await takeOver(layout as Layout, base, output);
    await beginAll(below, variants, context);
    const shared = await assemble(below, spec, true, context);
    const built: [string, BuiltManifest][] = [];
    for (const tag of variants) {
      const variant: VariantSpec = spec.variants?.[tag] ?? {};
      const assembly = await assemble(shared, variant, false, context);
      built.push([tag, await writeImage(assembly, variant, { platform, architecture, created, base, options, output })]);
    }
    return built;
  } finally {
    await layout?.close();
  }
}

/** All that the variants will ask for, before what they share is assembled. */
async function beginAll(below: Assembly, variants: readonly string[], context: AssemblyContext): Promise<void> {
  const { spec, store } = context;
  const present = new Set(below.layers.map((layer) => layer.package?.name));
  const shared = packageJobs(spec, spec, context, (name) => present.has(name));
  const has = (name: string) => present.has(name) || shared.some(({ expected }) => expected.name === name);
  const own = variants.flatMap((tag) => packageJobs(spec, spec.variants?.[tag] ?? {}, context, has));
  const jobs = new Map([...shared, ...own].map((job) => [packageKey(job), job]));
  await store.begin([...jobs.values()]);
}

function lockFor(architecture: string, given: Lock | readonly Lock[] | undefined): Lock | undefined {
  const locks = given === undefined ? [] : 'packages' in given ? [given] : given;
  const found = locks.find((lock) => lock.architecture === architecture);
  if (found === undefined && locks.length > 0) {
    throw imageErrors.error(
      'IMAGE_ARCHITECTURE',
      `there is no lock for ${architecture}, but for ${locks.map((lock) => lock.architecture).join(', ')}`,
    );
  }
  return found;
}

async function openBase(layout: Layout | undefined, options: BuildOptions, platform: Platform): Promise<OpenImage | undefined> {
  const wanted = options.spec.base;
  if (layout === undefined) {
    if (wanted === undefined) return undefined;
    throw imageErrors.error('IMAGE_BASE_MISSING', `${options.spec.name} stands on ${wanted.image}, but no base was given`);
  }
  if (wanted === undefined) throw imageErrors.error('IMAGE_BASE_MISMATCH', `a base was given, but ${options.spec.name} stands on none`);
  const found = await findInLayout(layout, { digest: options.base?.digest, tag: options.base?.tag ?? wanted.tag });
  if (wanted.digest !== undefined && found.digest !== wanted.digest) {
    throw imageErrors.error('IMAGE_BASE_MISMATCH', `the base has the digest ${found.digest}, not ${wanted.digest}`, {
      details: { expected: wanted.digest, found: found.digest },
    });
  }
  return openImage(layout, found, platform);
}

/** Copies the layers of the base and reads what they hold. */
async function takeOver(layout: Layout, base: OpenImage, output: LayoutWriter): Promise<Assembly> {
  const tree = createTree();
  const layers: ImageLayer[] = [];
  for (const [index, descriptor] of base.manifest.layers.entries()) {
    const blob = await layout.bytes(descriptor, layerLimit);
    await output.putBlob(blob, descriptor.mediaType, descriptor.digest);
    await applyForeignLayer(tree, blob, index, `layer ${index + 1} of the base`);
    const status = [...tree.nodes()].filter(
      ({ path, layer, text }) => layer === index && text !== undefined && path.startsWith('var/lib/dpkg/status.d/'),
    );
    const facts = status.length === 1 ? factsOfStatus(status[0]?.text as string) : undefined;
    const diffId = base.config.rootfs.diff_ids[index] as ImageLayer['diffId'];
    layers.push({ descriptor, diffId, kind: 'base', source: base.descriptor.digest, ...(facts === undefined ? {} : { package: facts }) });
  }
  return { layers, tree };
}

interface ImageFacts {
  readonly platform: Platform;
  readonly architecture: string;
  readonly created: string;
  readonly base: OpenImage | undefined;
  readonly options: BuildOptions;
  readonly output: LayoutWriter;
}

async function writeImage({ layers, tree }: Assembly, variant: VariantSpec, facts: ImageFacts): Promise<BuiltManifest> {
  const { platform, architecture, created, base, output } = facts;
  const { spec } = facts.options;
  const config = await output.putBlob(
    imageConfig(layers, [spec.config ?? {}, variant.config ?? {}], platform, created, base),
    mediaTypes.config,
  );
  const manifest = imageManifest(config, layers, { ...spec.annotations, ...variant.annotations }, base);
  const descriptor = await output.putBlob(manifest, mediaTypes.manifest);
  const baseDigest = base === undefined ? {} : { baseDigest: base.descriptor.digest };
  const sbom = spdxDocument({ name: spec.name, descriptor, platform, created, layers, tree, ...baseDigest });
  const artifact = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: spdxType,
    config: await output.putBlob(emptyJson, mediaTypes.empty),
    layers: [await output.putBlob(sbom, spdxType)],
    subject: descriptor,
    annotations: { 'org.opencontainers.image.created': created },
  };
  const sbomManifest = { ...(await output.putBlob(canonicalJsonBytes(artifact), mediaTypes.manifest)), artifactType: spdxType };
  return { architecture, platform, descriptor, layers, sbom, sbomManifest };
}
