import { canonicalJson, parseJson } from '@colophon/core';
import { readBase64 } from '../encoding/base64.ts';
import { isRecord } from '../encoding/record.ts';
import { signErrors } from '../errors.ts';

/** The four members that Rekor's signed entry timestamp covers (over their RFC 8785 form). */
export interface EntryTimestampPayload {
  /** base64 of the entry's canonical JSON. */
  readonly body: string;
  /** Seconds since 1970. */
  readonly integratedTime: number;
  /** Hex SHA-256 of the log key's SPKI. */
  readonly logID: string;
  readonly logIndex: number;
}

/** Annotation `dev.sigstore.cosign/bundle`: proof that a legacy signature or attestation was logged. */
export interface RekorBundle {
  /** base64, DER. */
  readonly signedEntryTimestamp: string;
  readonly payload: EntryTimestampPayload;
}

/** The annotation's text. Zero values stand: this is plain JSON, not protobuf's. */
export function rekorBundleText({ signedEntryTimestamp, payload }: RekorBundle): string {
  const { body, integratedTime, logIndex, logID } = payload;
  return JSON.stringify({ SignedEntryTimestamp: signedEntryTimestamp, Payload: { body, integratedTime, logIndex, logID } });
}

/** The bytes that the log signed. */
export function entryTimestampBytes({ body, integratedTime, logID, logIndex }: EntryTimestampPayload): Buffer {
  return Buffer.from(canonicalJson({ body, integratedTime, logID, logIndex }));
}

/** Reads the annotation. Throws SIGN_LEGACY_INVALID or CORE_JSON_INVALID. */
export function parseRekorBundle(text: string): RekorBundle {
  const value = parseJson(text, 'the annotation dev.sigstore.cosign/bundle');
  if (!isRecord(value)) throw invalid('is not an object');
  const signature = value['SignedEntryTimestamp'];
  if (typeof signature !== 'string' || (readBase64(signature)?.length ?? 0) === 0) throw invalid('has no SignedEntryTimestamp');
  return { signedEntryTimestamp: signature, payload: checkEntryTimestamp(value['Payload'], invalid) };
}

/** Checks the four members' types and bounds; unknown members are refused. */
export function checkEntryTimestamp(value: unknown, fail: (what: string) => Error): EntryTimestampPayload {
  if (!isRecord(value)) throw fail('has no payload');
  for (const member of Object.keys(value)) {
    if (!['body', 'integratedTime', 'logID', 'logIndex'].includes(member)) throw fail(`has an unknown member ${JSON.stringify(member)}`);
  }
  const { body, integratedTime, logID, logIndex } = value;
  if (typeof body !== 'string' || (readBase64(body)?.length ?? 0) === 0) throw fail('has no base64 body');
  if (!isWhole(integratedTime) || !isWhole(logIndex)) throw fail('has an integratedTime or logIndex that is not a whole number from 0');
  if (typeof logID !== 'string' || !/^[0-9a-f]{64}$/.test(logID)) throw fail('has a logID that is not 64 hex digits');
  return { body, integratedTime, logID, logIndex };
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function invalid(what: string): Error {
  return signErrors.error('SIGN_LEGACY_INVALID', `the annotation dev.sigstore.cosign/bundle ${what}`);
}
