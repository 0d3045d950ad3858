import { canonicalJsonBytes, parseJson } from '@colophon/core';
import { isRecord } from '../encoding/record.ts';
import { readBase64 } from '../encoding/base64.ts';
import { signErrors } from '../errors.ts';

/** A DSSE envelope (envelope.md). `payload` and `sig` are base64; `keyid` is a hint that nobody may trust. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly EnvelopeSignature[];
}

export interface EnvelopeSignature {
  readonly keyid?: string;
  readonly sig: string;
}

const maxSignatures = 64;

/**
 * Reads an envelope that a stranger wrote. Unknown members are refused except a signature's `cert`, which older clients add. Both base64
 * alphabets are read; the result has the standard one. Throws SIGN_ENVELOPE_INVALID or CORE_JSON_INVALID.
 */
export function parseEnvelope(data: Uint8Array | string): Envelope {
  return checkEnvelope(parseJson(data, 'the envelope'));
}

export function checkEnvelope(value: unknown): Envelope {
  if (!isRecord(value)) throw invalid('is not an object');
  onlyMembers(value, ['payloadType', 'payload', 'signatures']);
  const { payloadType, payload, signatures } = value;
  if (typeof payloadType !== 'string' || payloadType === '' || payloadType.length > 512) throw invalid('has no payloadType');
  if (!Array.isArray(signatures) || signatures.length === 0) throw invalid('has no signature');
  if (signatures.length > maxSignatures) throw invalid(`has more than ${maxSignatures} signatures`);
  return { payloadType, payload: standard(payload, 'payload'), signatures: signatures.map(checkSignature) };
}

function checkSignature(value: unknown): EnvelopeSignature {
  if (!isRecord(value)) throw invalid('has a signature that is not an object');
  onlyMembers(value, ['keyid', 'sig', 'cert']);
  const { keyid, sig } = value;
  if (keyid !== undefined && (typeof keyid !== 'string' || keyid.length > 512)) throw invalid('has a keyid that is not text');
  const text = standard(sig, 'sig');
  if (text === '') throw invalid('has an empty signature');
  return { ...(keyid === undefined || keyid === '' ? {} : { keyid }), sig: text };
}

/** The envelope's bytes as stored and logged: canonical JSON. */
export function envelopeBytes(envelope: Envelope): Buffer {
  return canonicalJsonBytes(envelope);
}

export function envelopePayload(envelope: Envelope): Buffer {
  const payload = readBase64(envelope.payload);
  if (payload === undefined) throw invalid('has a payload that is not base64');
  return payload;
}

function standard(value: unknown, member: string): string {
  const bytes = typeof value === 'string' ? readBase64(value) : undefined;
  if (bytes === undefined) throw invalid(`has a ${member} that is not base64`);
  return bytes.toString('base64');
}

function onlyMembers(value: Record<string, unknown>, known: readonly string[]): void {
  for (const member of Object.keys(value)) if (!known.includes(member)) throw invalid(`has an unknown member ${JSON.stringify(member)}`);
}

function invalid(what: string): Error {
  return signErrors.error('SIGN_ENVELOPE_INVALID', `the envelope ${what}`);
}
