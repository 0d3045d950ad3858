import type { Digest } from '@colophon/core';

/** Bytes of manifests that were read lately, by digest: they never change. Whether a repository has one is the database's to say. */
export function createManifestCache(limit = 32 << 20): {
  get(digest: Digest): Buffer | undefined;
  put(digest: Digest, bytes: Buffer): void;
} {
  const kept = new Map<Digest, Buffer>();
  let size = 0;
  return {
    get(digest) {
      const bytes = kept.get(digest);
      if (bytes === undefined) return undefined;
      // Last used, last out.
      kept.delete(digest);
      kept.set(digest, bytes);
      return bytes;
    },
    put(digest, bytes) {
      if (bytes.length > 1 << 18 || kept.has(digest)) return;
      kept.set(digest, bytes);
      size += bytes.length;
      for (const [oldest, { length }] of kept) {
        if (size <= limit) break;
        kept.delete(oldest);
        size -= length;
      }
    },
  };
}
