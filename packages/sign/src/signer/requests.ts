import type { InTotoStatement } from '@colophon/attest';
import type { Digest } from '@colophon/core';
import type { Envelope } from '../dsse/envelope.ts';
import type { EntryTimestampPayload } from '../legacy/rekor-bundle.ts';

/**
 * What the signer does: each method signs one kind of typed thing and nothing else, so that whoever reaches the socket can at most have false
 * statements signed, never bytes that mean something elsewhere. Concurrent calls are safe. All are idempotent in effect (ECDSA signatures
 * differ from call to call, and each is good).
 */
export interface SignerClient {
  publicKeys(): Promise<SignerKeys>;
  /** Checks the statement, signs its canonical bytes with the provenance key. At most 16 MiB. keyid: the OpenSSH fingerprint, as Chains'. */
  signStatement(statement: InTotoStatement): Promise<Envelope>;
  /** cosign's simple signing of an image digest, with the provenance key. */
  signSimpleSigning(request: SimpleSigningRequest): Promise<SimpleSigningReply>;
  /**
   * Signs `origin\nsize\nroot\n` with the log key; gives the DER signature. The state is durable before the signature leaves: a second root
   * for one size, a smaller size, or a consistency proof that is missing or does not hold is refused for ever (SIGN_CHECKPOINT_FORK). The log must have
   * made the entries durable before it asks.
   */
  signCheckpoint(request: CheckpointRequest): Promise<Buffer>;
  /** Signs RFC 8785 of the four members with the log key; gives DER signatures in the order of the entries. At most 1000. */
  signEntryTimestamps(entries: readonly EntryTimestampPayload[]): Promise<Buffer[]>;
}

export interface SignerKeys {
  /** PEM, SPKI. */
  readonly provenance: string;
  /** PEM, SPKI. */
  readonly log: string;
  /** Hex SHA-256 of the log key's SPKI. */
  readonly logId: string;
}

export interface SimpleSigningRequest {
  readonly digest: Digest;
  /** Repository, perhaps with a tag. */
  readonly reference: string;
  /** Signed annotations. */
  readonly optional?: Readonly<Record<string, string>> | null;
}

export interface SimpleSigningReply {
  /** The bytes that were signed. */
  readonly payload: Buffer;
  /** base64, DER. */
  readonly signature: string;
}

export interface CheckpointRequest {
  readonly origin: string;
  readonly size: number;
  /** base64 of 32 bytes. */
  readonly rootHash: string;
  /** base64 hashes (RFC 9162, 2.1.4.1) from the checkpoint signed last to this one. Demanded unless the signer was told otherwise. */
  readonly consistency?: readonly string[];
}

export const signerLimits = {
  statement: 16 * 1024 * 1024,
  entryBody: 4 * 1024 * 1024,
  entries: 1000,
  origin: 200,
  reference: 1024,
} as const;
