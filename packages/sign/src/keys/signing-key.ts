import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { hashes } from './algorithm.ts';
import { verifyingKey, type VerifyingKey } from './verifying-key.ts';

/** A private key that can sign. The key itself cannot be read out of this object. */
export interface SigningKey {
  readonly publicKey: VerifyingKey;
  /** ECDSA signatures are DER, RSA is PKCS #1 v1.5 with SHA-256. */
  sign(data: Uint8Array): Buffer;
}

export function signingKey(key: KeyObject): SigningKey {
  const publicKey = verifyingKey(createPublicKey(key));
  const hash = hashes[publicKey.algorithm];
  return Object.freeze({ publicKey, sign: (data: Uint8Array) => sign(hash, data, key) });
}
