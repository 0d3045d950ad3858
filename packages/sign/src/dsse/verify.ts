import { signErrors } from '../errors.ts';
import type { VerifyingKey } from '../keys/verifying-key.ts';
import { envelopePayload, type Envelope } from './envelope.ts';
import { pae } from './pae.ts';

export interface VerifiedEnvelope {
  readonly payloadType: string;
  readonly payload: Buffer;
  /** The trusted keys that signed, each once, in the order in which they were given. */
  readonly keys: readonly VerifyingKey[];
}

/**
 * Checks an envelope against trusted keys (DSSE protocol.md, "Protocol"): at least `threshold` of them must have signed. A key counts once
 * however many signatures it made; signatures of strangers are ignored; the attacker writes `keyid`, so it is not looked at. The payload is
 * given only here, so that nobody parses one that is not proven. Throws SIGN_SIGNATURE_INVALID.
 */
export function verifyEnvelope(envelope: Envelope, trusted: readonly VerifyingKey[], threshold = 1): VerifiedEnvelope {
  const payload = envelopePayload(envelope);
  const bytes = pae(envelope.payloadType, payload);
  const signatures = envelope.signatures.map(({ sig }) => Buffer.from(sig, 'base64'));
  const distinct = new Map(trusted.map((key) => [key.spkiSha256, key]));
  const keys = [...distinct.values()].filter((key) => signatures.some((signature) => key.verify(bytes, signature)));
  if (threshold < 1 || keys.length < threshold) {
    throw signErrors.error('SIGN_SIGNATURE_INVALID', `${keys.length} of the trusted keys signed the envelope, ${threshold} must have`, {
      details: { expected: [...distinct.keys()], found: envelope.signatures.map(({ keyid }) => keyid ?? null), threshold },
    });
  }
  return { payloadType: envelope.payloadType, payload, keys };
}
