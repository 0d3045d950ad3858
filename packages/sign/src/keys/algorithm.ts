import type { KeyObject } from 'node:crypto';
import { signErrors } from '../errors.ts';

export type KeyAlgorithm = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'ed25519' | 'rsa';

const curves: Readonly<Record<string, KeyAlgorithm>> = { prime256v1: 'ecdsa-p256', secp384r1: 'ecdsa-p384', secp521r1: 'ecdsa-p521' };

/** The hash each algorithm signs over, as Sigstore's algorithm registry pairs them; Ed25519 hashes inside. */
export const hashes: Readonly<Record<KeyAlgorithm, string | null>> = {
  'ecdsa-p256': 'sha256',
  'ecdsa-p384': 'sha384',
  'ecdsa-p521': 'sha512',
  ed25519: null,
  rsa: 'sha256',
};

/** Throws SIGN_KEY_UNSUPPORTED for curves, key types and RSA sizes that are not accepted. */
export function algorithmOf(key: KeyObject): KeyAlgorithm {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'ec') {
    const algorithm = curves[details.namedCurve ?? ''];
    if (algorithm !== undefined) return algorithm;
  }
  const bits = details.modulusLength ?? 0;
  if (key.asymmetricKeyType === 'rsa' && bits >= 2048 && bits <= 8192) return 'rsa';
  throw signErrors.error('SIGN_KEY_UNSUPPORTED', `a key of type ${key.asymmetricKeyType} ${details.namedCurve ?? (bits || '')}`.trim());
}
