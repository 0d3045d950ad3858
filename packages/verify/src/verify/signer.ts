/** Who signed, proven. */
export type VerifiedSigner =
  | { readonly kind: 'key'; readonly keySha256: string }
  | {
      readonly kind: 'certificate';
      /** Hex SHA-256 of the SPKI. */
      readonly keySha256: string;
      readonly subjects: readonly string[];
      readonly issuer: string | undefined;
    };

/** A log entry whose every proof that it has was verified. */
export interface VerifiedEntry {
  /** Hex. */
  readonly logId: string;
  readonly logIndex: number;
  /** RFC 3339; absent where the log promises no time (Rekor v2). */
  readonly integratedTime?: string;
  /** With inclusion proof and checkpoint. */
  readonly included: boolean;
}
