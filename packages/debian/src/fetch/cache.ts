import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openBlobStore, type BlobStore } from '@colophon/store';

/**
 * What was fetched, content-addressed by SHA-256, and what was derived from it. May be shared by processes: blobs appear
 * whole and checked. Everything in it can be fetched or made again.
 */
export interface DebianCache {
  /** InRelease files, package indices and .debs. */
  readonly blobs: BlobStore;
  /** Compact forms of indices. */
  readonly parsed: string;
  /** One file for each lock whose chain was shown. */
  readonly verified: string;
  /** Downloads on their way, on the file system of the blobs. */
  readonly partial: string;
}

/** Opens (and makes) a cache directory. With `blobs`, an existing store on the same file system is used for them. */
export async function openDebianCache(directory: string, options: { blobs?: BlobStore } = {}): Promise<DebianCache> {
  const root = resolve(directory);
  const partial = join(root, 'partial');
  await mkdir(partial, { recursive: true });
  return {
    blobs: options.blobs ?? (await openBlobStore(join(root, 'blobs'))),
    parsed: join(root, 'parsed'),
    verified: join(root, 'verified'),
    partial,
  };
}

export function cacheOf(cache: string | DebianCache): Promise<DebianCache> {
  return typeof cache === 'string' ? openDebianCache(cache) : Promise.resolve(cache);
}
