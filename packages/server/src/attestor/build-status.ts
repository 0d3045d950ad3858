import type { Digest } from '@colophon/core';

/** An image that a statement or signature is stored beside. */
export interface AttestedImage {
  /** `HOST/PATH`. */
  readonly repository: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
}

/** Something signed: a DSSE envelope over a statement, or a simple-signing payload with its signature. */
export interface SignedItem {
  readonly name: string;
  readonly kind: 'statement' | 'simplesigning';
  readonly predicateType: string;
  /** Blob of the envelope, or of `{ payload, signature }` in base64. */
  readonly signed: Digest;
  readonly images: readonly AttestedImage[];
  /** Blob of the accepted log entry, once it is logged. */
  readonly logged?: Digest;
  readonly logIndex?: number;
  readonly uuid?: string;
  /** True once it is stored beside every image. */
  readonly stored?: boolean;
}

/** `status` of a Build: how far the attestor has come. Written before an effect outside depends on it. */
export interface BuildStatus {
  /** Signed: every envelope is durable here. Complete: logged, and stored beside every image. */
  readonly phase: 'Pending' | 'Signed' | 'Complete';
  readonly items: readonly SignedItem[];
  readonly message?: string;
}

export const pending: BuildStatus = { phase: 'Pending', items: [] };
