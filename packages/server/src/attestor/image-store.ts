import type { Digest } from '@colophon/core';

/**
 * Where attestations go: the embedded registry, called directly, or any other by its client. The same steps for both. Every method is
 * idempotent: what is there already is success.
 */
export interface ImageStore {
  putBlob(repository: string, bytes: Uint8Array): Promise<void>;
  /** Pushes by digest, or by digest and tag. The tag moves only if it still points to `expected` (undefined: does not exist); false if it does not. */
  putManifest(
    repository: string,
    bytes: Uint8Array,
    mediaType: string,
    tag?: { name: string; expected: Digest | undefined },
  ): Promise<boolean>;
  /** The manifest that a tag or digest names, or undefined. */
  getManifest(repository: string, reference: string): Promise<{ digest: Digest; mediaType: string; bytes: Uint8Array } | undefined>;
}

/** Finds the store for `HOST/PATH` and the path within it. */
export type FindImageStore = (repository: string) => { store: ImageStore; path: string };
