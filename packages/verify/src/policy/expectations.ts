/** What the caller wants to be true of an image beside "somebody trusted signed it". */
export interface Expectations {
  /** The statement's predicateType, one of these. */
  readonly predicateTypes?: readonly string[];
  /** builder.id of the provenance: this, or below this if it ends in `/`. */
  readonly builderId?: string;
  /** A dependency of the provenance: this source, with or without `git+`, `@revision` and `.git`. */
  readonly sourceUri?: string;
  /** The source's commit: full, lower-case hexadecimal. */
  readonly sourceCommit?: string;
  /** Who a certificate must be of. Without it no certificate is accepted: the authority certifies anybody. */
  readonly identity?: Identity;
}

export interface Identity {
  /** A subject alternative name, exactly. */
  readonly subject?: string;
  /** A regular expression that a whole subject alternative name matches. */
  readonly subjectPattern?: string;
  /** The OIDC issuer, exactly. */
  readonly issuer?: string;
}
