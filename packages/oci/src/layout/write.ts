import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJsonBytes, compareBytewise, errorCode, parseDigest, type Digest } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import type { Descriptor, Index, Platform } from '../types/descriptor.ts';
import { parseManifest } from '../types/manifest.ts';
import { mediaTypes } from '../types/media-types.ts';

export const refNameKey = 'org.opencontainers.image.ref.name';

export interface AddManifestOptions {
  readonly refName?: string;
  readonly platform?: Platform;
}

export interface LayoutWriter {
  readonly directory: string;
  /** Writes a blob under its digest, sha256 unless `expected` says otherwise. OCI_CONTENT_MISMATCH if it is not what was expected. */
  putBlob(data: Uint8Array | AsyncIterable<Uint8Array>, mediaType: string, expected?: Digest): Promise<Descriptor>;
  /** Names a manifest in `index.json`, once; with a ref name, whatever had that name loses it. */
  addManifest(descriptor: Descriptor, options?: string | AddManifestOptions): Promise<void>;
}

/**
 * Makes (or adds to) an OCI image layout. The same content gives the same bytes: canonical JSON, no times, members of `index.json` ordered by ref name
 * and digest. Meant for a folder of the caller's own; crash-safe only in that a name is made after its content is complete.
 */
export async function createLayout(directory: string): Promise<LayoutWriter> {
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  const indexPath = join(directory, 'index.json');
  const current = await readFile(indexPath).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? undefined : Promise.reject(error)));
  let manifests: readonly Descriptor[] =
    current === undefined ? [] : (parseManifest(current, mediaTypes.index) as { index: Index }).index.manifests;
  let turn: Promise<void> = Promise.resolve();

  async function writeIndex(): Promise<void> {
    manifests = manifests.toSorted((left, right) => compareBytewise(orderOf(left), orderOf(right)));
    await writeWhole(indexPath, canonicalJsonBytes({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
  }

  if (current === undefined) await writeIndex();
  await writeWhole(join(directory, 'oci-layout'), canonicalJsonBytes({ imageLayoutVersion: '1.0.0' }));

  return {
    directory,
    async putBlob(data, mediaType, expected) {
      const algorithm = expected === undefined ? 'sha256' : parseDigest(expected).algorithm;
      const folder = join(directory, 'blobs', algorithm);
      if (algorithm !== 'sha256') await mkdir(folder, { recursive: true });
      const temporary = join(folder, `.${randomUUID()}.tmp`);
      try {
        const { hex, size } = await writeHashed(temporary, data, algorithm);
        const digest: Digest = `${algorithm}:${hex}`;
        if (expected !== undefined && digest !== expected)
          throw ociErrors.error('OCI_CONTENT_MISMATCH', `the content of ${expected} is that of ${digest}`, {
            details: { expected, found: digest },
          });
        await rename(temporary, join(folder, hex));
        return { mediaType, digest, size };
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    addManifest(descriptor, options = {}) {
      const { refName, platform } = typeof options === 'string' ? { refName: options } : options;
      const { data: _data, ...rest } = descriptor;
      const annotations = { ...descriptor.annotations, ...(refName === undefined ? {} : { [refNameKey]: refName }) };
      const entry: Descriptor = withoutUndefined({
        ...rest,
        platform: platform ?? descriptor.platform ?? undefined,
        annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
      });
      const name = nameOf(entry);
      const replaced = (other: Descriptor) =>
        name === undefined ? other.digest === entry.digest && nameOf(other) === undefined : nameOf(other) === name;
      // One at a time: two writers of index.json would lose an entry.
      turn = turn
        .catch(() => {})
        .then(() => {
          manifests = [...manifests.filter((other) => !replaced(other)), entry];
          return writeIndex();
        });
      return turn;
    },
  };
}

function nameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[refNameKey];
}

function orderOf(descriptor: Descriptor): string {
  return `${nameOf(descriptor) ?? ''} ${descriptor.digest}`;
}

function withoutUndefined(descriptor: Descriptor): Descriptor {
  return Object.fromEntries(
    Object.entries(descriptor).filter(([, value]) => value !== undefined && value !== null),
  ) as unknown as Descriptor;
}

/** Mode 0644 whatever the umask: readers of a layout may be other users. */
async function writeHashed(
  path: string,
  data: Uint8Array | AsyncIterable<Uint8Array>,
  algorithm: string,
): Promise<{ hex: string; size: number }> {
  const hash = createHash(algorithm);
  let size = 0;
  const handle = await open(path, 'wx', 0o644);
  try {
    await handle.chmod(0o644);
    for await (const chunk of data instanceof Uint8Array ? [data] : data) {
      hash.update(chunk);
      size += chunk.length;
      await handle.writeFile(chunk);
    }
  } finally {
    await handle.close();
  }
  return { hex: hash.digest('hex'), size };
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeHashed(temporary, bytes, 'sha256');
  await rename(temporary, path);
}
