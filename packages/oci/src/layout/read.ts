import type { FileHandle } from 'node:fs/promises';
import { parseDigest, parseJson } from '@colophon/core';
import { checkedContent, collectContent } from '../content/checked.ts';
import { ociErrors } from '../errors.ts';
import type { AnyManifest, ContentDescriptor, Descriptor, Index } from '../types/descriptor.ts';
import { manifestLimit, parseManifest } from '../types/manifest.ts';
import { mediaTypes } from '../types/media-types.ts';
import { openDirectory, openFile, readSmall, type Place } from './safe-open.ts';
import { layoutLimits, verifyTree, type LayoutLimits } from './verify.ts';

export interface Layout {
  /** `index.json`. */
  index(): Promise<Index>;
  /** Streams a blob; its size and digest are checked, and the stream fails at its end if they do not fit. */
  blob(descriptor: ContentDescriptor): AsyncIterable<Uint8Array>;
  /** Default limit: that of manifests, 4 MiB. */
  bytes(descriptor: ContentDescriptor, limit?: number): Promise<Buffer>;
  manifest(descriptor: Descriptor): Promise<AnyManifest & { readonly mediaType: string; readonly bytes: Buffer }>;
  /** Reads everything below a descriptor to its end; gives all of it, leaves first, each once. Throws at the first thing that does not fit. */
  verify(descriptor: Descriptor, limits?: LayoutLimits): Promise<readonly Descriptor[]>;
  close(): Promise<void>;
}

/**
 * Opens an OCI image layout (image-spec, image-layout.md) as hostile: no link is followed, nothing but regular files is opened, everything read is
 * checked against its descriptor. Of a path only the last part may be under a stranger's control; with `parent`, nothing above matters.
 * OCI_LAYOUT_INVALID, OCI_CONTENT_MISMATCH, OCI_TOO_LARGE, OCI_MANIFEST_INVALID.
 */
export async function openLayout(place: Place): Promise<Layout> {
  const root = await openDirectory(place);
  try {
    const header = parseJson(await readSmall(root, ['oci-layout'], 4096), 'oci-layout') as { imageLayoutVersion?: unknown } | null;
    if (header?.imageLayoutVersion !== '1.0.0')
      throw ociErrors.error('OCI_LAYOUT_INVALID', 'oci-layout does not say imageLayoutVersion 1.0.0');
    return layoutOf(root);
  } catch (error) {
    await root.close();
    throw error;
  }
}

function layoutOf(root: FileHandle): Layout {
  async function* blob(descriptor: ContentDescriptor): AsyncIterable<Uint8Array> {
    const { algorithm, hex } = parseDigest(descriptor.digest);
    const { handle, size } = await openFile(root, ['blobs', algorithm, hex]);
    try {
      if (size !== descriptor.size) {
        throw ociErrors.error(
          'OCI_CONTENT_MISMATCH',
          `blob ${descriptor.digest} has ${size} bytes; its descriptor says ${descriptor.size}`,
          {
            details: { digest: descriptor.digest, expected: descriptor.size, found: size },
          },
        );
      }
      yield* checkedContent(chunks(handle), descriptor, `blob ${descriptor.digest}`);
    } finally {
      await handle.close();
    }
  }

  async function bytes(descriptor: ContentDescriptor, limit = manifestLimit): Promise<Buffer> {
    return collectContent(blob(descriptor), descriptor, limit);
  }

  async function manifest(descriptor: Descriptor) {
    const content = await bytes(descriptor);
    return { ...parseManifest(content, descriptor.mediaType), bytes: content };
  }

  return {
    async index() {
      const parsed = parseManifest(await readSmall(root, ['index.json'], manifestLimit), undefined);
      if (parsed.kind !== 'index') throw ociErrors.error('OCI_LAYOUT_INVALID', `index.json is not an ${mediaTypes.index}`);
      return parsed.index;
    },
    blob,
    bytes,
    manifest,
    verify: (descriptor, limits = layoutLimits) => verifyTree({ blob, bytes, manifest }, descriptor, limits),
    close: () => root.close(),
  };
}

async function* chunks(handle: FileHandle): AsyncIterable<Uint8Array> {
  for (let position = 0; ;) {
    const chunk = Buffer.allocUnsafe(1 << 18);
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}
