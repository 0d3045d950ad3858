/** Algorithm to lower-case hex: `{ "sha256": "…" }`, `{ "gitCommit": "…" }` (in-toto attestation, spec/v1/digest_set.md). */
export type DigestSet = Readonly<Record<string, string>>;

/** in-toto attestation, spec/v1/resource_descriptor.md. `content` is base64. */
export interface ResourceDescriptor {
  readonly name?: string;
  readonly uri?: string;
  readonly digest?: DigestSet;
  readonly content?: string;
  readonly downloadLocation?: string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** What a statement is about: always by digest. */
export interface Subject extends ResourceDescriptor {
  readonly digest: DigestSet;
}

export const statementTypes = {
  v01: 'https://in-toto.io/Statement/v0.1',
  v1: 'https://in-toto.io/Statement/v1',
} as const;

export const predicateTypes = {
  slsaV01: 'https://slsa.dev/provenance/v0.1',
  slsaV02: 'https://slsa.dev/provenance/v0.2',
  slsaV1: 'https://slsa.dev/provenance/v1',
  vsa: 'https://slsa.dev/verification_summary/v1',
  spdx: 'https://spdx.dev/Document',
  /** What Chains 0.3 to 0.8 wrote under the format name `tekton-provenance`. */
  chains2021: 'https://tekton.dev/chains/provenance',
  /** What `cosign sign` 3 writes for an image. */
  cosignSign: 'https://sigstore.dev/cosign/sign/v1',
} as const;

/** DSSE payloadType of every in-toto statement. */
export const inTotoPayloadType = 'application/vnd.in-toto+json';

/**
 * An in-toto statement (spec/v1/statement.md; v0.1 has the same members). `_type` is one of `statementTypes`, except
 * in Chains' 2021 format, which wrote the task's name there.
 */
export interface InTotoStatement<Predicate = unknown> {
  readonly _type: string;
  readonly predicateType: string;
  /** Absent where Chains found no artifact. */
  readonly subject?: readonly Subject[];
  readonly predicate: Predicate;
}
