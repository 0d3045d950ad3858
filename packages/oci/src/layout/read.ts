import { createHash } from 'node:crypto';
import { parseDigest, parseJson, type Digest } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import { manifestLimit, parseManifest, references, type AnyManifest, type Descriptor, type Index } from '../types/manifest.ts';
import { isForeignLayer, manifestTypes, mediaTypes } from '../types/media-types.ts';
import { openDirectory, openFile, readSmall } from './safe-open.ts';

/** Bounds for a layout that a stranger wrote. */
export interface LayoutLimits {
  /** Bytes of one blob. */
  readonly blob: number;
  /** Manifests, configs and layers together. */
  readonly blobs: number;
  /** Index in index in index … */
  readonly depth: number;
}

export const layoutLimits: LayoutLimits = { blob: 8 * 2 ** 30, blobs: 20_000, depth: 4 };

export interface Layout {
  /** `index.json`. */
  index(): Promise<Index>;
  /** Streams a blob; its size and digest are checked, and the stream fails at its end if they do not fit. */
  blob(descriptor: Pick<Descriptor, 'digest' | 'size'>): AsyncIterable<Uint8Array>;
  bytes(descriptor: Pick<Descriptor, 'digest' | 'size'>, limit?: number): Promise<Buffer>;
  manifest(descriptor: Descriptor): Promise<AnyManifest & { readonly mediaType: string; readonly bytes: Buffer }>;
  /** Reads everything below a descriptor to its end; gives all of it, leaves first, each once. Throws at the first thing that does not fit. */
  verify(descriptor: Descriptor, limits?: LayoutLimits): Promise<readonly Descriptor[]>;
  close(): Promise<void>;
}

/** Opens an OCI image layout (image-spec, image-layout.md) as hostile. Throws OCI_LAYOUT_INVALID. */
export async function openLayout(directory: string): Promise<Layout> {
  const root = await openDirectory(directory);
  const fail = async (error: unknown): Promise<never> => {
    await root.close();
    throw error;
  };
  const header = await readSmall(root, ['oci-layout'], 4096)
    .then((bytes) => parseJson(bytes, 'oci-layout') as { imageLayoutVersion?: unknown })
    .catch(fail);
  if (header?.imageLayoutVersion !== '1.0.0')
    await fail(ociErrors.error('OCI_LAYOUT_INVALID', 'oci-layout does not say imageLayoutVersion 1.0.0'));

  const parts = (digest: Digest): string[] => {
    const { algorithm, hex } = parseDigest(digest);
    return ['blobs', algorithm, hex];
  };

  async function* blob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): AsyncIterable<Uint8Array> {
    const { algorithm } = parseDigest(digest);
    const { handle, size: found } = await openFile(root, parts(digest));
    try {
      if (found !== size) throw ociErrors.error('OCI_CONTENT_MISMATCH', `blob ${digest} has ${found} bytes; its descriptor says ${size}`);
      const hash = createHash(algorithm);
      let left = size;
      while (left > 0) {
        const chunk = Buffer.allocUnsafe(Math.min(1 << 18, left));
        const { bytesRead } = await handle.read(chunk, 0, chunk.length);
        if (bytesRead === 0) break;
        left -= bytesRead;
        hash.update(chunk.subarray(0, bytesRead));
        yield chunk.subarray(0, bytesRead);
      }
      const actual = `${algorithm}:${hash.digest('hex')}`;
      if (left > 0 || actual !== digest) throw ociErrors.error('OCI_CONTENT_MISMATCH', `blob ${digest} has the content of ${actual}`);
    } finally {
      await handle.close();
    }
  }

  async function bytes(descriptor: Pick<Descriptor, 'digest' | 'size'>, limit = manifestLimit): Promise<Buffer> {
    if (descriptor.size > limit)
      throw ociErrors.error('OCI_TOO_LARGE', `blob ${descriptor.digest} has ${descriptor.size} bytes; the limit is ${limit}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of blob(descriptor)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async function manifest(descriptor: Descriptor) {
    const content = await bytes(descriptor);
    return { ...parseManifest(content, descriptor.mediaType), bytes: content };
  }

  async function verify(descriptor: Descriptor, limits = layoutLimits): Promise<readonly Descriptor[]> {
    const seen = new Map<Digest, Descriptor>();
    const visit = async (current: Descriptor, depth: number): Promise<void> => {
      if (seen.has(current.digest) || isForeignLayer(current.mediaType)) return;
      if (depth > limits.depth) throw ociErrors.error('OCI_LAYOUT_INVALID', `indexes are nested deeper than ${limits.depth}`);
      if (seen.size >= limits.blobs) throw ociErrors.error('OCI_TOO_LARGE', `the image names more than ${limits.blobs} blobs`);
      if (current.size > limits.blob)
        throw ociErrors.error('OCI_TOO_LARGE', `blob ${current.digest} has ${current.size} bytes; the limit is ${limits.blob}`);
      if (manifestTypes.includes(current.mediaType)) {
        for (const child of references(await manifest(current))) await visit(child, depth + 1);
      } else {
        for await (const chunk of blob(current)) void chunk;
      }
      seen.set(current.digest, current);
    };
    await visit(descriptor, 0);
    return [...seen.values()];
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
    verify,
    close: () => root.close(),
  };
}
