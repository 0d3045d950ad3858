import { coreErrors } from '../errors/core-errors.ts';

/**
 * Parses JSON that a stranger wrote. The attacker controls every byte: `__proto__` keys and nesting deeper than
 * 128 are refused, and so is text that is not valid UTF-8. (Duplicate keys: the last wins, as with JSON.parse;
 * where bytes are signed, the signature is always checked over the bytes, never over a parsed copy.)
 */
export function parseJson(data: Uint8Array | string, what = 'JSON'): unknown {
  let text: string;
  try {
    text = typeof data === 'string' ? data : new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch (cause) {
    throw coreErrors.error('CORE_JSON_INVALID', `${what} is not UTF-8`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw coreErrors.error('CORE_JSON_INVALID', `${what} is not JSON: ${(cause as Error).message.slice(0, 200)}`, { cause });
  }
  check(value, what, 0);
  return value;
}

function check(value: unknown, what: string, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > 128) throw coreErrors.error('CORE_JSON_INVALID', `${what} is nested deeper than 128`);
  if (Object.hasOwn(value, '__proto__')) throw coreErrors.error('CORE_JSON_INVALID', `${what} has a key __proto__`);
  for (const member of Object.values(value)) check(member, what, depth + 1);
}
