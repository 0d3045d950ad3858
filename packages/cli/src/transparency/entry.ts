import { decodeBase64, parseJson } from '@colophon/core';
import { cliErrors } from '../errors.ts';

/** One entry as a Rekor v1 log gave it; nothing of it is proven yet. */
export interface RekorEntry {
  readonly uuid: string;
  /** Canonical JSON, the bytes of the leaf. */
  readonly body: Buffer;
  readonly parsed: { readonly kind: string; readonly apiVersion: string; readonly spec: Readonly<Record<string, unknown>> };
  readonly bodyText: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly attestation?: Buffer;
  readonly signedEntryTimestamp?: Buffer;
  readonly inclusionProof?: {
    readonly logIndex: number;
    readonly treeSize: number;
    readonly rootHash: Buffer;
    readonly hashes: readonly Buffer[];
    readonly checkpoint: string;
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads what the API answers: entry ids and their entries. All of it may be a stranger's. Throws CLI_LOG_ANSWER. */
export function parseEntries(answer: unknown): RekorEntry[] {
  return Object.entries(fields(answer, 'the answer')).map(([uuid, value]) => {
    if (!/^(?:[0-9a-f]{64}|[0-9a-f]{80})$/.test(uuid)) throw invalid('an entry id is malformed');
    const entry = fields(value, 'an entry');
    const verification = entry['verification'] === undefined ? {} : fields(entry['verification'], 'verification');
    const bodyText = string(entry, 'body');
    const body = decodeBase64(bodyText, 'the body of an entry');
    const timestamp = verification['signedEntryTimestamp'];
    const attestation = entry['attestation'] === undefined ? undefined : fields(entry['attestation'], 'attestation')['data'];
    const proof = verification['inclusionProof'];
    return {
      uuid,
      body,
      bodyText,
      parsed: parseBody(body),
      integratedTime: whole(entry, 'integratedTime'),
      logID: string(entry, 'logID'),
      logIndex: whole(entry, 'logIndex'),
      ...(typeof attestation === 'string' && attestation !== '' ? { attestation: decodeBase64(attestation, 'the attestation') } : {}),
      ...(typeof timestamp === 'string' ? { signedEntryTimestamp: decodeBase64(timestamp, 'the signed entry timestamp') } : {}),
      ...(proof === undefined || proof === null ? {} : { inclusionProof: inclusion(fields(proof, 'inclusionProof')) }),
    };
  });
}

function inclusion(proof: Fields): NonNullable<RekorEntry['inclusionProof']> {
  const hashes = proof['hashes'] ?? [];
  if (!Array.isArray(hashes) || hashes.length > 64) throw invalid('hashes is no list of hashes');
  return {
    logIndex: whole(proof, 'logIndex'),
    treeSize: whole(proof, 'treeSize'),
    rootHash: hash(proof['rootHash']),
    hashes: hashes.map(hash),
    checkpoint: string(proof, 'checkpoint'),
  };
}

function parseBody(body: Buffer): RekorEntry['parsed'] {
  const parsed = fields(parseJson(body, 'the body of an entry'), 'the body');
  return { kind: string(parsed, 'kind'), apiVersion: string(parsed, 'apiVersion'), spec: fields(parsed['spec'], 'spec') };
}

export function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} is no object`);
  return value as Fields;
}

function string(parent: Fields, name: string): string {
  const value = parent[name];
  if (typeof value !== 'string') throw invalid(`${name} is no text`);
  return value;
}

function whole(parent: Fields, name: string): number {
  const value = parent[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(`${name} is no whole number`);
  return value;
}

function hash(value: unknown): Buffer {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw invalid('a hash of the proof is malformed');
  return Buffer.from(value, 'hex');
}

function invalid(what: string) {
  return cliErrors.error('CLI_LOG_ANSWER', `what the log answered is not of the Rekor v1 API: ${what}`);
}
