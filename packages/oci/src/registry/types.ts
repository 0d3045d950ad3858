import type { Digest, DigestAlgorithm } from '@colophon/core';
import type { Descriptor, Index } from '../types/descriptor.ts';

export interface ManifestInfo {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** Opaque: who pushed it first, and when (RFC 3339). */
  readonly pushedBy: string;
  readonly pushedAt: string;
}

export interface StoredManifest extends ManifestInfo {
  readonly bytes: Buffer;
}

/** Where a tag has to be before it is moved: at a digest, or (undefined) nowhere. */
export interface ExpectedTag {
  readonly digest: Digest | undefined;
}

export interface PutManifestOptions {
  /** A tag, or the digest that the content must have. */
  readonly reference: string;
  /** Default: what the manifest says of itself. */
  readonly mediaType?: string;
  /** With a tag: move it only from there; OCI_TAG_MOVED otherwise. */
  readonly expected?: ExpectedTag;
  /** Opaque: who pushed. */
  readonly subject?: string;
  /** For a tag: the algorithm of the digest. */
  readonly algorithm?: DigestAlgorithm;
}

export interface Page {
  readonly limit?: number;
  readonly last?: string;
}

/**
 * A registry (OCI distribution-spec 1.1) on a blob store and a database: the same methods behind HTTP and for callers in this process. What a method
 * has resolved is on disk. Safe to call concurrently; every method may be repeated. A blob belongs to the repositories that it was pushed or mounted
 * to; the content is kept once. Repositories come to be by the first push.
 */
export interface Registry {
  /** STORE_BLOB_MISMATCH, STORE_BLOB_TOO_LARGE. */
  putBlob(
    repository: string,
    data: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { expected?: Digest; limit?: number },
  ): Promise<Descriptor>;
  /** Takes over a finished file of this process; it is gone afterwards. */
  adoptBlob(repository: string, path: string, expected: Digest): Promise<Descriptor>;
  /** Gives a repository a blob that another has (without `from`: any that `mayRead` allows); false if there is none. */
  mountBlob(
    repository: string,
    digest: Digest,
    from?: string,
    mayRead?: (repository: string) => boolean | Promise<boolean>,
  ): Promise<boolean>;
  statBlob(repository: string, digest: Digest): Promise<{ size: number } | undefined>;
  readBlob(digest: Digest, range?: { start: number; end: number }): AsyncIterable<Uint8Array>;
  /** Whole; for small ones. */
  blobBytes(digest: Digest): Promise<Buffer>;
  /** Takes the blob from the repository; the content goes when `collect` finds that nobody names it. */
  deleteBlob(repository: string, digest: Digest): Promise<boolean>;
  /** What the manifest names must be there (OCI_MANIFEST_BLOB_UNKNOWN), except its subject and foreign layers. */
  putManifest(repository: string, bytes: Uint8Array, options: PutManifestOptions): Promise<{ digest: Digest; subject: Digest | undefined }>;
  /** Compare and swap: `putManifest` that moves a tag only from `expected`. OCI_TAG_MOVED: read again, merge, try again. */
  updateTag(
    repository: string,
    tag: string,
    expected: Digest | undefined,
    manifest: { bytes: Uint8Array; mediaType?: string; subject?: string },
  ): Promise<Digest>;
  statManifest(repository: string, reference: string): Promise<ManifestInfo | undefined>;
  getManifest(repository: string, reference: string): Promise<StoredManifest | undefined>;
  /** By digest: with every tag that points to it. By tag: the tag alone. */
  deleteManifest(repository: string, reference: string): Promise<boolean>;
  /** In lexical order without regard to case; at most `limit` after `last`. Undefined: no such repository. */
  tags(repository: string, page?: Page): Promise<string[] | undefined>;
  /** All that name `digest` as their subject, oldest first; the digest itself need not be there. */
  referrers(repository: string, digest: Digest, artifactType?: string): Promise<Index>;
  /** One page of it, and where the next one begins; `last` is opaque. */
  referrersPage(
    repository: string,
    digest: Digest,
    options?: { artifactType?: string; last?: string },
  ): Promise<{ index: Index; next?: string }>;
  repositories(page?: Page): Promise<string[]>;
  /** Every digest that some repository names. */
  liveDigests(): AsyncIterable<Digest>;
  /** Removes content that no repository names; false, and nothing happened, if one does. Safe beside pushes of the same content. */
  collect(digest: Digest): Promise<boolean>;
}
