import { logErrors } from '../errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function invalidEntry(message: string, cause?: unknown): Error {
  return logErrors.error('LOG_ENTRY_INVALID', message, cause === undefined ? {} : { cause });
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw invalidEntry(`${what} is missing or not an object`);
  return value;
}

export function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw invalidEntry(`${what} is missing or not text`);
  return value;
}

/** Strict base64 as Go's encoding/json writes it. */
export function base64Of(value: unknown, what: string): Buffer {
  const text = textOf(value, what);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw invalidEntry(`${what} is not base64`);
  return bytes;
}

/** Base64 in either alphabet, padded: what DSSE readers take for payload and sig. */
export function anyBase64(text: string, what: string): Buffer {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Buffer.from(standard, 'base64');
  if (bytes.toString('base64') !== standard) throw invalidEntry(`${what} is not base64`);
  return bytes;
}

export function sha256Value(value: unknown, what: string): { algorithm: string; value: string } {
  const hash = fieldsOf(value, what);
  if (hash['algorithm'] !== 'sha256') throw invalidEntry(`${what}.algorithm is not sha256`);
  const hex = textOf(hash['value'], `${what}.value`);
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) throw invalidEntry(`${what}.value is not a SHA-256`);
  return { algorithm: 'sha256', value: hex };
}
