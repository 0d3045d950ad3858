import type { Digest } from '@colophon/core';
import type { BundleKey, Envelope, TlogEntry } from '@colophon/sign';

/** Where a candidate was found. */
export interface CandidateSource {
  readonly kind: 'bundle' | 'legacy-signature' | 'legacy-attestation';
  /** For a person: the manifest or tag, or the file. */
  readonly where: string;
  /** Digest of the bytes that hold it. */
  readonly digest?: Digest;
}

export type SignedContent =
  /** `bytes`: the envelope as it was found. */
  | { readonly kind: 'dsse'; readonly envelope: Envelope; readonly bytes: Buffer }
  /** A signature over bytes: of a simple signing payload, or of the artifact itself (then without `payload`). */
  | {
      readonly kind: 'message';
      readonly signature: Buffer;
      readonly payload?: Buffer;
      readonly digest?: { readonly algorithm: string; readonly bytes: Buffer };
    };

/** A signature or attestation that was found beside an image: all of it a stranger's word until it is verified. */
export interface SignedCandidate {
  readonly source: CandidateSource;
  readonly content: SignedContent;
  readonly key: BundleKey;
  readonly tlogEntries: readonly TlogEntry[];
  /** RFC 3161 responses, DER. */
  readonly timestamps: readonly Buffer[];
}

/** What was found where a candidate should be, and could not be read. */
export interface BrokenCandidate {
  readonly source: CandidateSource;
  readonly problem: string;
}

export type Candidate = SignedCandidate | BrokenCandidate;
