import { type Descriptor, type ImageConfig, type Layout, type Manifest } from '@colophon/oci';
import { parseJson, type Digest } from '@colophon/core';
import { z } from 'zod';
import { imageErrors } from '../errors.ts';
import { factsOf, type EntryFacts } from '../layer/record.ts';
import type { Platform } from './platform.ts';
import { readArchive, type RawEntry } from '../tar/reader.ts';
import { unpackLayer } from '../tar/unpack.ts';
import type { Tree } from './tree.ts';

/** An image in an OCI layout, by digest or by the name that its index gives it. */
export interface LayoutImage {
  readonly directory: string;
  readonly digest?: Digest;
  /** Default: what the specification names, `latest`. */
  readonly tag?: string;
}

export interface OpenImage {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

const refName = 'org.opencontainers.image.ref.name';
const configLimit = 4 << 20;

const text = z.string();
const configSchema = z.looseObject({
  architecture: text,
  os: text,
  variant: text.optional(),
  created: text.optional(),
  config: z.looseObject({ Env: z.array(text).nullish(), Labels: z.record(text, text).nullish() }).nullish(),
  rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/)) }),
  history: z.array(z.looseObject({})).nullish(),
});

/** Finds a manifest or index in a layout that a stranger may have written. Throws IMAGE_NOT_FOUND and what the layout throws. */
export async function findInLayout(layout: Layout, wanted: { digest?: Digest | undefined; tag?: string | undefined }): Promise<Descriptor> {
  const { manifests } = await layout.index();
  const found =
    wanted.digest === undefined
      ? manifests.find(({ annotations }) => annotations?.[refName] === (wanted.tag ?? 'latest'))
      : manifests.find(({ digest }) => digest === wanted.digest);
  const [only] = manifests;
  if (found !== undefined) return found;
  if (wanted.digest === undefined && wanted.tag === undefined && manifests.length === 1 && only !== undefined) return only;
  const names = manifests.map(({ annotations, digest }) => annotations?.[refName] ?? digest).join(', ');
  throw imageErrors.error(
    'IMAGE_NOT_FOUND',
    `the layout has no image ${wanted.digest ?? wanted.tag ?? 'latest'}; it has: ${names || 'none'}`,
  );
}

/** Opens the image for a platform; an index is searched for it. Digests and sizes are checked by the layout as it is read. */
export async function openImage(layout: Layout, descriptor: Descriptor, platform?: Platform): Promise<OpenImage> {
  const opened = await layout.manifest(descriptor);
  if (opened.kind === 'index') {
    const member = opened.index.manifests.find((one) => platform === undefined || matches(one.platform, platform));
    if (member === undefined)
      throw imageErrors.error('IMAGE_ARCHITECTURE', `the image ${descriptor.digest} has none for ${platform?.architecture}`);
    return openImage(layout, member);
  }
  const { manifest } = opened;
  const value = parseJson(await layout.bytes(manifest.config, configLimit), 'the image configuration');
  const result = configSchema.safeParse(value);
  if (!result.success)
    throw imageErrors.error('IMAGE_CONFIG_INVALID', `the image configuration is malformed: ${z.prettifyError(result.error)}`);
  const config = value as ImageConfig;
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw imageErrors.error(
      'IMAGE_CONFIG_INVALID',
      `the image has ${manifest.layers.length} layers, but ${config.rootfs.diff_ids.length} diffIDs`,
    );
  }
  if (platform !== undefined && !matches(config, platform)) {
    throw imageErrors.error(
      'IMAGE_ARCHITECTURE',
      `the image ${descriptor.digest} is for ${config.architecture}, not ${platform.architecture}`,
    );
  }
  return { descriptor, manifest, config };
}

function matches(one: { architecture: string; os: string } | null | undefined, platform: Platform): boolean {
  return one?.os === platform.os && one.architecture === platform.architecture;
}

/** Puts a layer made by others onto a tree, whiteouts included (OCI image-spec, layer.md). Only facts are kept. */
export async function applyForeignLayer(tree: Tree, blob: Buffer, layer: number, what: string): Promise<void> {
  const entries: EntryFacts[] = [];
  for (const raw of readArchive(await unpackLayer(blob, what), what)) {
    const slash = raw.path.lastIndexOf('/');
    const name = raw.path.slice(slash + 1);
    if (name === '.wh..wh..opq') {
      for (const { path } of tree.nodes()) if (path.startsWith(raw.path.slice(0, slash + 1))) tree.remove(path, layer);
    } else if (name.startsWith('.wh.')) tree.remove(raw.path.slice(0, slash + 1) + name.slice(4), layer);
    else entries.push(...factsOfRaw(raw));
  }
  for (const entry of entries) {
    const before = tree.get(entry.path);
    if (before !== undefined && (before.type === 'directory') !== (entry.type === 'directory')) tree.remove(entry.path, layer);
    tree.apply([entry], layer, 'the base image');
  }
}

const types: Readonly<Record<string, EntryFacts['type']>> = { '0': 'file', '7': 'file', '1': 'hardlink', '2': 'symlink', '5': 'directory' };

function factsOfRaw(raw: RawEntry): EntryFacts[] {
  const type = types[raw.flag];
  if (type === undefined || raw.path.split('/').includes('..')) return [];
  const { path, mode, uid, gid, mtime, content } = raw;
  const link =
    type === 'symlink' || type === 'hardlink'
      ? { linkTarget: type === 'hardlink' ? raw.linkTarget.replace(/^(?:\.?\/)+/, '') : raw.linkTarget }
      : {};
  return [factsOf({ path, type, mode, uid, gid, mtime, ...link, ...(type === 'file' ? { content } : {}) })];
}
