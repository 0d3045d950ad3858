import type { SigningKey } from '../keys/signing-key.ts';
import type { Envelope } from './envelope.ts';
import { pae } from './pae.ts';

/** Which name a signature gives its key. cosign writes none; Chains the OpenSSH fingerprint; ours is the SHA-256 of the SPKI in hex. */
export type KeyIdConvention = 'none' | 'spki-sha256' | 'openssh';

/** Signs `payload` as `payloadType` with every key given; signatures stand in the keys' order. */
export function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  keys: readonly SigningKey[],
  convention: KeyIdConvention = 'openssh',
): Envelope {
  const bytes = pae(payloadType, payload);
  return {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: keys.map((key) => ({ ...keyIdOf(key, convention), sig: key.sign(bytes).toString('base64') })),
  };
}

function keyIdOf({ publicKey }: SigningKey, convention: KeyIdConvention): { keyid?: string } {
  if (convention === 'none') return {};
  return { keyid: convention === 'openssh' ? publicKey.openSshFingerprint : publicKey.spkiSha256 };
}
