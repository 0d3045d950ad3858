import { coreErrors } from '../errors/core-errors.ts';

/**
 * The JSON Canonicalization Scheme, RFC 8785: keys ordered by UTF-16 code units, ECMAScript number and string
 * forms, no white space. Members that are `undefined` are left out, as JSON.stringify does. Throws
 * CORE_CANONICAL_JSON for what JSON cannot say: NaN, infinities, lone surrogates, functions, bigints.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw coreErrors.error('CORE_CANONICAL_JSON', `${value} has no JSON form`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
    return `{${members.map(([key, member]) => `${canonicalString(key)}:${canonicalJson(member)}`).join(',')}}`;
  }
  throw coreErrors.error('CORE_CANONICAL_JSON', `a ${typeof value} has no JSON form`);
}

export function canonicalJsonBytes(value: unknown): Buffer {
  return Buffer.from(canonicalJson(value));
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw coreErrors.error('CORE_CANONICAL_JSON', 'a string with a lone surrogate has no UTF-8 form');
  return JSON.stringify(text);
}
