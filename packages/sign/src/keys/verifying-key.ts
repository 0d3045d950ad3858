import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { decodePem, encodePem, sha256, sha256Hex } from '@colophon/core';
import { signErrors } from '../errors.ts';
import { algorithmOf, hashes, type KeyAlgorithm } from './algorithm.ts';
import { openSshFingerprint } from './openssh.ts';

/** A public key and its names. Immutable. */
export interface VerifyingKey {
  readonly algorithm: KeyAlgorithm;
  /** PEM, SubjectPublicKeyInfo, as cosign writes `cosign.pub`. */
  readonly pem: string;
  readonly spki: Buffer;
  /** Hex SHA-256 of the SPKI: Rekor v1's logID, our keyid. */
  readonly spkiSha256: string;
  /** `SHA256:…` as `ssh-keygen -l` prints it: Chains' DSSE keyid. */
  readonly openSshFingerprint: string;
  /** Base64 SHA-256 of the SPKI: what cosign 3 writes as a bundle's publicKey.hint. */
  readonly hint: string;
  /** ECDSA signatures are DER. RSA is PKCS #1 v1.5. Never throws: what is not a good signature is false. */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

/** Reads a public key in PEM (SPKI, or PKCS #1 `RSA PUBLIC KEY`). Throws SIGN_KEY_INVALID or SIGN_KEY_UNSUPPORTED. */
export function loadPublicKey(pem: string): VerifyingKey {
  const blocks = decodePem(pem);
  const [block] = blocks;
  if (block === undefined || blocks.length > 1 || !['PUBLIC KEY', 'RSA PUBLIC KEY'].includes(block.label)) {
    throw signErrors.error('SIGN_KEY_INVALID', 'expected one PEM block PUBLIC KEY', {
      details: { found: blocks.map(({ label }) => label) },
    });
  }
  return publicKeyFromDer(block.der, block.label === 'PUBLIC KEY' ? 'spki' : 'pkcs1');
}

export function publicKeyFromDer(der: Uint8Array, type: 'spki' | 'pkcs1' = 'spki'): VerifyingKey {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(der), format: 'der', type });
  } catch (cause) {
    throw signErrors.error('SIGN_KEY_INVALID', 'the public key cannot be read', { cause });
  }
  return verifyingKey(key);
}

export function verifyingKey(key: KeyObject): VerifyingKey {
  const algorithm = algorithmOf(key);
  const spki = key.export({ format: 'der', type: 'spki' });
  return Object.freeze({
    algorithm,
    spki,
    pem: encodePem('PUBLIC KEY', spki),
    spkiSha256: sha256Hex(spki),
    hint: sha256(spki).toString('base64'),
    openSshFingerprint: openSshFingerprint(key, algorithm),
    verify(data: Uint8Array, signature: Uint8Array) {
      return hashesRead(algorithm).some((hash) => good(hash, data, key, signature));
    },
  });
}

/** cosign before 2.6 signed with SHA-256 whatever the curve; both readings are sound, so both are taken. */
function hashesRead(algorithm: KeyAlgorithm): readonly (string | null)[] {
  return algorithm === 'ecdsa-p384' || algorithm === 'ecdsa-p521' ? [hashes[algorithm], 'sha256'] : [hashes[algorithm]];
}

function good(hash: string | null, data: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(hash, data, key, signature);
  } catch {
    return false;
  }
}
