import { canonicalJson, type Digest } from '@colophon/core';
import type { Descriptor, Layout } from '@colophon/oci';
import { compareArchives, type Difference } from './archives.ts';
import { loadImage, manifestsOf, withLayout, type LoadedImage } from './load.ts';
import { compareTrees } from './trees.ts';

/**
 * - `digest-identical`: the same manifest, bit for bit.
 * - `diffid-identical`: the same layers once decompressed and the same configuration; an encoder differs.
 * - `content-identical`: the same files and the same way to run them, laid out differently (layers, order, tar dialect, times of directories).
 * - `different`.
 */
export type DiffVerdict = 'digest-identical' | 'diffid-identical' | 'content-identical' | 'different';

export interface ImageDiff {
  readonly verdict: DiffVerdict;
  /** Where the two first differ; absent only where they are digest-identical. */
  readonly first?: Difference;
}

/** Compares two images of layouts that strangers may have written: the first is expected, the second was found. */
export async function diffImages(layoutA: Layout | string, digestA: Digest, layoutB: Layout | string, digestB: Digest): Promise<ImageDiff> {
  return withLayout(layoutA, (left) =>
    withLayout(layoutB, async (right) => {
      const one = await manifestsOf(left, { digest: digestA });
      const other = await manifestsOf(right, { digest: digestB });
      if (digestA === digestB) return { verdict: 'digest-identical' };
      return diffMembers(left, one.members, right, other.members);
    }),
  );
}

const ranks: readonly DiffVerdict[] = ['digest-identical', 'diffid-identical', 'content-identical', 'different'];

/** Of indexes, the worst verdict of the members for the same platform counts. */
async function diffMembers(left: Layout, expected: readonly Descriptor[], right: Layout, found: readonly Descriptor[]): Promise<ImageDiff> {
  const name = ({ platform }: Descriptor) =>
    platform ? `${platform.os}/${platform.architecture}${platform.variant ? `/${platform.variant}` : ''}` : '';
  if (expected.length !== found.length) {
    return { verdict: 'different', first: { field: 'manifests', expected: expected.map(name), found: found.map(name) } };
  }
  let worst: ImageDiff = { verdict: 'digest-identical' };
  for (const member of expected) {
    const other = expected.length === 1 ? found[0] : found.find((one) => name(one) === name(member));
    if (other === undefined) return { verdict: 'different', first: { field: 'manifests', expected: name(member), found: null } };
    if (other.digest === member.digest) continue;
    const diff = await diffManifests(await loadImage(left, member), await loadImage(right, other));
    if (ranks.indexOf(diff.verdict) > ranks.indexOf(worst.verdict)) worst = diff;
  }
  // Members are all the same, but the indexes are not: only their annotations are left.
  return worst.verdict === 'digest-identical'
    ? { verdict: 'diffid-identical', first: { field: 'annotations', expected: null, found: null } }
    : worst;
}

async function diffManifests(expected: LoadedImage, found: LoadedImage): Promise<ImageDiff> {
  const left = expected.config.rootfs.diff_ids;
  const right = found.config.rootfs.diff_ids;
  const sameLayers = left.join() === right.join();
  if (sameLayers && canonicalJson(expected.config) === canonicalJson(found.config)) {
    return { verdict: 'diffid-identical', first: firstEncoding(expected, found) };
  }
  const running = compareJson(runningOf(expected), runningOf(found), 'config');
  const content = running ?? (sameLayers ? undefined : compareTrees(await expected.tree(), await found.tree()));
  const inLayers = sameLayers ? undefined : await firstInLayers(expected, found);
  if (content === undefined)
    return { verdict: 'content-identical', first: inLayers ?? (compareJson(expected.config, found.config, '') as Difference) };
  return { verdict: 'different', first: inLayers ?? content };
}

/** What decides how the image runs; not when and out of which layers it was made. */
function runningOf({ config }: LoadedImage): object {
  const { architecture, os, variant } = config;
  return { architecture, os, variant, config: config.config ?? {} };
}

function firstEncoding(expected: LoadedImage, found: LoadedImage): Difference {
  for (const [index, layer] of expected.manifest.layers.entries()) {
    const other = found.manifest.layers[index];
    if (other?.digest !== layer.digest)
      return { layer: index + 1, field: 'encoding', expected: layer.digest, found: other?.digest ?? null };
  }
  const annotations = compareJson(expected.manifest.annotations ?? {}, found.manifest.annotations ?? {}, 'annotations');
  return annotations ?? { field: 'manifest', expected: expected.descriptor.digest, found: found.descriptor.digest };
}

async function firstInLayers(expected: LoadedImage, found: LoadedImage): Promise<Difference> {
  const left = expected.config.rootfs.diff_ids;
  const right = found.config.rootfs.diff_ids;
  const layer = left.findIndex((id, index) => id !== right[index]);
  const index = layer < 0 ? left.length : layer;
  if (left[index] === undefined || right[index] === undefined) {
    return { layer: index + 1, field: 'layer', expected: left[index] ?? null, found: right[index] ?? null };
  }
  const difference = compareArchives(await expected.archive(index), await found.archive(index));
  // The diffIDs differ, so one of them is not that of its layer: the configuration lies.
  return { layer: index + 1, ...(difference ?? { field: 'diffId', expected: left[index], found: right[index] }) };
}

function compareJson(expected: unknown, found: unknown, at: string): Difference | undefined {
  if (canonicalJson(expected ?? null) === canonicalJson(found ?? null)) return undefined;
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject(expected) && isObject(found)) {
    for (const key of [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort()) {
      const difference = compareJson(expected[key], found[key], at === '' ? key : `${at}.${key}`);
      if (difference !== undefined) return difference;
    }
  }
  return { field: at, expected: expected ?? null, found: found ?? null };
}
