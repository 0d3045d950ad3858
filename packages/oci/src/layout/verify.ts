import { parseJson, type Digest } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import type { AnyManifest, ContentDescriptor, Descriptor } from '../types/descriptor.ts';
import { manifestLimit, references } from '../types/manifest.ts';
import { isForeignLayer, manifestTypes, mediaTypes } from '../types/media-types.ts';

/** Bounds for an image that a stranger wrote. */
export interface LayoutLimits {
  /** Bytes of one blob. */
  readonly blob: number;
  /** Bytes of all of them. */
  readonly total: number;
  /** Manifests, configs and layers together. */
  readonly blobs: number;
  /** Index in index in index … */
  readonly depth: number;
}

export const layoutLimits: LayoutLimits = { blob: 8 * 2 ** 30, total: 64 * 2 ** 30, blobs: 20_000, depth: 4 };

interface Content {
  blob(descriptor: ContentDescriptor): AsyncIterable<Uint8Array>;
  bytes(descriptor: ContentDescriptor, limit?: number): Promise<Buffer>;
  manifest(descriptor: Descriptor): Promise<AnyManifest>;
}

/** See `Layout.verify`. One digest may be named twice, but never with two sizes, nor as a manifest here and as something else there. */
export async function verifyTree(content: Content, root: Descriptor, limits: LayoutLimits): Promise<readonly Descriptor[]> {
  const seen = new Map<Digest, Descriptor>();
  const done: Descriptor[] = [];
  let total = 0;

  function enter(current: Descriptor): boolean {
    const before = seen.get(current.digest);
    if (before !== undefined) {
      if (before.size !== current.size || (isManifest(before) || isManifest(current) ? before.mediaType !== current.mediaType : false))
        throw ociErrors.error('OCI_LAYOUT_INVALID', `${current.digest} is named twice, as different things`);
      return false;
    }
    seen.set(current.digest, current);
    total += current.size;
    if (seen.size > limits.blobs) throw ociErrors.error('OCI_TOO_LARGE', `the image names more than ${limits.blobs} blobs`);
    if (total > limits.total) throw ociErrors.error('OCI_TOO_LARGE', `the image has more than ${limits.total} bytes`);
    if (current.size > limits.blob)
      throw ociErrors.error('OCI_TOO_LARGE', `blob ${current.digest} has ${current.size} bytes; the limit is ${limits.blob}`);
    return true;
  }

  async function visit(current: Descriptor, depth: number): Promise<void> {
    if (isForeignLayer(current.mediaType) || !enter(current)) return;
    if (depth > limits.depth) throw ociErrors.error('OCI_LAYOUT_INVALID', `indexes are nested deeper than ${limits.depth}`);
    if (isManifest(current)) {
      const parsed = await content.manifest(current);
      for (const child of references(parsed)) await visit(child, depth + 1);
      if (parsed.kind === 'manifest' && parsed.manifest.config.mediaType === mediaTypes.config)
        await checkConfig(content, parsed.manifest.config, parsed.manifest.layers.length);
    } else {
      for await (const chunk of content.blob(current)) void chunk;
    }
    done.push(current);
  }

  await visit(root, 0);
  return done;
}

function isManifest({ mediaType }: Descriptor): boolean {
  return manifestTypes.includes(mediaType);
}

/** An image's config names the content of each layer (image-spec, config.md); one diffID too few or many makes every reader see another image. */
async function checkConfig(content: Content, config: Descriptor, layers: number): Promise<void> {
  const value = parseJson(await content.bytes(config, manifestLimit), 'the image config') as { rootfs?: { diff_ids?: unknown } } | null;
  const diffIds = value?.rootfs?.diff_ids;
  if (!Array.isArray(diffIds) || diffIds.length !== layers)
    throw ociErrors.error(
      'OCI_LAYOUT_INVALID',
      `the image has ${layers} layers; its config names ${Array.isArray(diffIds) ? diffIds.length : 'no'} diffIDs`,
    );
}
