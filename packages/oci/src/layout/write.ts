import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJsonBytes, digestOf, errorCode, parseDigest } from '@colophon/core';
import type { Descriptor, Index, Platform } from '../types/manifest.ts';
import { parseManifest } from '../types/manifest.ts';
import { mediaTypes } from '../types/media-types.ts';

export interface LayoutWriter {
  readonly directory: string;
  putBlob(data: Uint8Array | AsyncIterable<Uint8Array>, mediaType: string): Promise<Descriptor>;
  /** Names a manifest in `index.json`, once; with a ref name, whatever had that name loses it. */
  addManifest(descriptor: Descriptor, options?: { refName?: string; platform?: Platform }): Promise<void>;
}

/**
 * Makes (or adds to) an OCI image layout. The same content gives the same bytes: canonical JSON, no times, members of `index.json` ordered by ref name and
 * digest. Meant for a folder of the caller's own; crash-safe only in that a name is made after its content is complete.
 */
export async function createLayout(directory: string): Promise<LayoutWriter> {
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(directory, 'oci-layout'), canonicalJsonBytes({ imageLayoutVersion: '1.0.0' }));
  const indexPath = join(directory, 'index.json');
  const current = await readFile(indexPath).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? undefined : Promise.reject(error)));
  let manifests: Descriptor[] =
    current === undefined ? [] : [...(parseManifest(current, mediaTypes.index) as { index: Index }).index.manifests];
  if (current === undefined) await writeIndex();

  async function writeIndex(): Promise<void> {
    const name = (descriptor: Descriptor) => `${descriptor.annotations?.['org.opencontainers.image.ref.name'] ?? ''} ${descriptor.digest}`;
    manifests = manifests.toSorted((left, right) => (name(left) < name(right) ? -1 : 1));
    const temporary = `${indexPath}.${randomUUID()}.tmp`;
    await writeFile(temporary, canonicalJsonBytes({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
    await rename(temporary, indexPath);
  }

  return {
    directory,
    async putBlob(data, mediaType) {
      if (data instanceof Uint8Array) {
        const digest = digestOf(data);
        await writeFile(join(directory, 'blobs', 'sha256', parseDigest(digest).hex), data);
        return { mediaType, digest, size: data.length };
      }
      const temporary = join(directory, 'blobs', 'sha256', `.${randomUUID()}.tmp`);
      const handle = await open(temporary, 'wx', 0o644);
      const hash = createHash('sha256');
      let size = 0;
      try {
        for await (const chunk of data) {
          hash.update(chunk);
          size += chunk.length;
          await handle.writeFile(chunk);
        }
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
      const hex = hash.digest('hex');
      await rename(temporary, join(directory, 'blobs', 'sha256', hex));
      return { mediaType, digest: `sha256:${hex}`, size };
    },
    async addManifest(descriptor, { refName, platform } = {}) {
      const key = 'org.opencontainers.image.ref.name';
      const entry: Descriptor = {
        mediaType: descriptor.mediaType,
        digest: descriptor.digest,
        size: descriptor.size,
        ...(platform === undefined ? {} : { platform }),
        ...(refName === undefined ? {} : { annotations: { [key]: refName } }),
      };
      const others = manifests.filter((other) =>
        refName === undefined
          ? other.digest !== descriptor.digest || other.annotations?.[key] !== undefined
          : other.annotations?.[key] !== refName,
      );
      manifests = [...others, entry];
      await writeIndex();
    },
  };
}
