import { coreErrors } from '../errors/core-errors.ts';

/** Standard base64 with padding (RFC 4648 section 4). */
export function encodeBase64(data: Uint8Array | string): string {
  return Buffer.from(data as Uint8Array).toString('base64');
}

/** Strict: rejects what Buffer.from would silently skip. Throws CORE_BASE64_INVALID. */
export function decodeBase64(text: string, what = 'value'): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw coreErrors.error('CORE_BASE64_INVALID', `${what} is not base64`);
  return bytes;
}
