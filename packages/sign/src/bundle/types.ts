import type { Envelope } from '../dsse/envelope.ts';

/** Media types of Sigstore bundles. We write v0.3; readers meet the older ones. */
export const bundleMediaTypes = {
  'application/vnd.dev.sigstore.bundle+json;version=0.1': '0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2': '0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3': '0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json': '0.3',
} as const;

export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

export type BundleVersion = (typeof bundleMediaTypes)[keyof typeof bundleMediaTypes];

/** A Sigstore bundle (protobuf-specs, sigstore_bundle.proto) with bytes as bytes and int64 as numbers. */
export interface Bundle {
  readonly mediaType: string;
  readonly version: BundleVersion;
  readonly key: BundleKey;
  readonly tlogEntries: readonly TlogEntry[];
  /** RFC 3161 timestamp responses, DER. */
  readonly timestamps: readonly Buffer[];
  readonly content: BundleContent;
}

export type BundleKey =
  /** A key that the verifier knows; `hint` helps to find it and proves nothing. */
  | { readonly kind: 'publicKey'; readonly hint: string }
  /** The leaf alone (v0.3), DER. */
  | { readonly kind: 'certificate'; readonly der: Buffer }
  /** v0.1 and v0.2: the chain, leaf first, DER. */
  | { readonly kind: 'chain'; readonly ders: readonly Buffer[] };

export type BundleContent =
  | { readonly kind: 'dsse'; readonly envelope: Envelope }
  | {
      readonly kind: 'message';
      readonly digest: { readonly algorithm: 'SHA2_256' | 'SHA2_384' | 'SHA2_512'; readonly bytes: Buffer } | undefined;
      readonly signature: Buffer;
    };

/** protobuf-specs, sigstore_rekor.proto, TransparencyLogEntry. */
export interface TlogEntry {
  readonly logIndex: number;
  /** The log's key id: 32 bytes, Rekor v1: SHA-256 of its SPKI. */
  readonly logId: Buffer;
  readonly kind: string;
  readonly version: string;
  /** Seconds since 1970; 0 where the log makes no promise of time (Rekor v2). */
  readonly integratedTime: number;
  /** The SET's signature. */
  readonly signedEntryTimestamp?: Buffer;
  readonly inclusionProof?: InclusionProof;
  readonly canonicalizedBody: Buffer;
}

export interface InclusionProof {
  readonly logIndex: number;
  readonly treeSize: number;
  readonly rootHash: Buffer;
  readonly hashes: readonly Buffer[];
  /** The signed note. */
  readonly checkpoint: string;
}
