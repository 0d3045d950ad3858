import { parseJson } from '@colophon/core';
import { isFields, type Fields } from './fields.ts';
import type { Verifier } from './verifier.ts';

const intotoPayloadType = 'application/vnd.in-toto+json';
const maxKeys = 20_000;
const maxKeyLength = 512;

/** How an entry is found by who signed it. Rekor has the hash with a prefix for some kinds and without for others; here both always work. */
export function verifierKeys({ keyHash, subjects }: Verifier): string[] {
  return [keyHash, `sha256:${keyHash}`, ...subjects];
}

/**
 * Digests of an in-toto statement under which its entry is found: of every subject, and of what it was made from:
 * `materials` (SLSA v0.1, v0.2 and the link predicate) and `buildDefinition.resolvedDependencies` (SLSA v1). A payload that is no statement has none.
 */
export function statementKeys(payloadType: string, payload: Uint8Array): string[] {
  if (payloadType !== intotoPayloadType) return [];
  let statement: unknown;
  try {
    statement = parseJson(payload);
  } catch {
    return [];
  }
  if (!isFields(statement)) return [];
  const predicate = fields(statement['predicate']);
  return [
    ...digestKeys(statement['subject']),
    ...digestKeys(predicate['materials']),
    ...digestKeys(fields(predicate['buildDefinition'])['resolvedDependencies']),
  ];
}

function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function digestKeys(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item) =>
    Object.entries(fields(fields(item)['digest'])).flatMap(([algorithm, value]) =>
      typeof value === 'string' ? [`${algorithm}:${value}`] : [],
    ),
  );
}

/** Lower case, each once; keys longer than any query may be are left out. */
export function normalizeKeys(keys: readonly string[]): string[] {
  const unique = new Set<string>();
  for (const key of keys) {
    if (key.length <= maxKeyLength && unique.size < maxKeys) unique.add(key.toLowerCase());
  }
  return [...unique];
}
