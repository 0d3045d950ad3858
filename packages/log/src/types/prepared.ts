/** What the log needs of a proposed entry that has been checked. */
export interface PreparedEntry {
  readonly kind: string;
  readonly apiVersion: string;
  /** The canonical body, RFC 8785: what is hashed into the tree. */
  readonly body: Buffer;
  /** Keys under which the entry is found, lower case. */
  readonly keys: readonly string[];
  /** Kept beside the log, found by its SHA-256 (`payloadHash` in the body). */
  readonly attestation?: Buffer;
}

export interface PrepareOptions {
  /** `insert` wants all that a new entry needs; `find` also takes the canonical form, to look an entry up. */
  readonly purpose: 'insert' | 'find';
  /** Bytes of an attestation that are kept; larger ones are refused. */
  readonly maxAttestation: number;
}
