import { canonicalJsonBytes } from '@colophon/core';

/** Rekor v1's LogEntry, as JSON has it. */
export interface LogEntry {
  /** Base64 of the canonical body. */
  readonly body: string;
  /** Seconds since 1970. */
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly attestation?: { readonly data: string };
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly rootHash: string;
      readonly treeSize: number;
      readonly hashes: readonly string[];
      readonly checkpoint: string;
    };
  };
}

/** The bytes over which a signed entry timestamp is made: RFC 8785 of these four members. */
export function timestampBytes(entry: Pick<LogEntry, 'body' | 'integratedTime' | 'logID' | 'logIndex'>): Buffer {
  const { body, integratedTime, logID, logIndex } = entry;
  return canonicalJsonBytes({ body, integratedTime, logID, logIndex });
}
