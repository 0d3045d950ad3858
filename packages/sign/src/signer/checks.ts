import { checkStatement, statementBytes } from '@colophon/attest';
import { canonicalJson, isDigest, isColophonError, parseJson } from '@colophon/core';
import { readBase64 } from '../encoding/base64.ts';
import { isRecord } from '../encoding/record.ts';
import { signErrors } from '../errors.ts';
import { checkEntryTimestamp, type EntryTimestampPayload } from '../legacy/rekor-bundle.ts';
import { signerLimits, type CheckpointRequest, type SimpleSigningRequest } from './requests.ts';

/*
 * Every request comes over a socket from a process that a tenant's bytes may have taken over. Each check ends in the exact bytes to sign, made
 * here from checked members: nothing of the request is signed as it came.
 */

/** Chains' formats know statements without a subject and, in 2021, one with a task's name as type. */
export function checkedStatement(value: unknown): Buffer {
  const bytes = statementBytes(checkStatement(value, { allowNoSubject: true, allowChains2021: true }));
  if (bytes.length > signerLimits.statement) throw refused(`a statement of ${bytes.length} bytes; the limit is ${signerLimits.statement}`);
  return bytes;
}

export function checkedSimpleSigning(value: unknown): Required<SimpleSigningRequest> {
  const { digest, reference, optional = null } = only(value, ['digest', 'reference', 'optional']);
  if (typeof digest !== 'string' || !isDigest(digest)) throw refused('an image without a digest');
  if (typeof reference !== 'string' || reference.length > signerLimits.reference || !/^[\u0021-\u007e]*$/.test(reference)) {
    throw refused('a reference that is not plain text');
  }
  if (optional !== null && (!isRecord(optional) || Object.values(optional).some((text) => typeof text !== 'string'))) {
    throw refused('annotations that are not texts');
  }
  return { digest, reference, optional: optional as Record<string, string> | null };
}

export function checkedCheckpoint(value: unknown): CheckpointRequest & { readonly body: Buffer } {
  const { origin, size, rootHash, consistency } = only(value, ['origin', 'size', 'rootHash', 'consistency']);
  if (typeof origin !== 'string' || origin.length > signerLimits.origin || !/^[\u0021-\u007e]+( [\u0021-\u007e]+)*$/.test(origin)) {
    throw refused('a checkpoint without an origin of one plain line');
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw refused('a checkpoint without a size');
  const proof = consistency === undefined ? {} : { consistency: (Array.isArray(consistency) ? consistency : [undefined]).map(hash) };
  const root = hash(rootHash);
  return { origin, size, rootHash: root, ...proof, body: Buffer.from(`${origin}\n${size}\n${root}\n`) };
}

/** A log entry of this log: its body is the canonical JSON of a Rekor entry, and it is not from the future (a clock may differ by 5 minutes). */
export function checkedEntryTimestamp(value: unknown, logId: string, now: number): EntryTimestampPayload {
  const entry = checkEntryTimestamp(value, (what) => refused(`an entry timestamp that ${what}`));
  if (entry.logID !== logId) throw refused('an entry of another log');
  if (entry.integratedTime > now / 1000 + 300) throw refused('an entry from the future');
  if (entry.body.length > signerLimits.entryBody) throw refused(`an entry of ${entry.body.length} bytes`);
  const text = readBase64(entry.body)?.toString('utf8') ?? '';
  const body = parsed(text);
  if (!isRecord(body) || Object.keys(body).sort().join() !== 'apiVersion,kind,spec' || canonicalJson(body) !== text) {
    throw refused('an entry whose body is not the canonical JSON of apiVersion, kind and spec');
  }
  return entry;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text, 'the entry');
  } catch (cause) {
    if (isColophonError(cause)) throw refused(`an entry that is broken: ${cause.message}`);
    throw cause;
  }
}

function hash(value: unknown): string {
  const bytes = typeof value === 'string' ? readBase64(value) : undefined;
  if (bytes?.length !== 32) throw refused('a checkpoint with a hash that is not base64 of 32 bytes');
  return bytes.toString('base64');
}

export function only(value: unknown, members: readonly string[]): Record<string, unknown> {
  if (!isRecord(value)) throw refused('something that is not an object');
  for (const member of Object.keys(value))
    if (!members.includes(member)) throw refused(`something with the unknown member ${JSON.stringify(member)}`);
  return value;
}

export function refused(what: string): Error {
  return signErrors.error('SIGN_REQUEST_INVALID', `the signer was asked to sign ${what}`);
}
