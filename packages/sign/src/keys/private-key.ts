import { createPrivateKey, generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { decodePem, encodePem } from '@colophon/core';
import { signErrors } from '../errors.ts';
import { decryptKey, encryptKey } from './encrypted.ts';
import { signingKey, type SigningKey } from './signing-key.ts';

/** cosign writes the first label since 2022 and reads both. */
const encryptedLabels = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'] as const;

export interface KeyPair {
  /** PEM `ENCRYPTED SIGSTORE PRIVATE KEY`, as cosign.key. */
  readonly private: string;
  /** PEM `PUBLIC KEY`, as cosign.pub. */
  readonly public: string;
}

/** A new key in cosign's file format. The empty password is allowed, as cosign allows it. */
export async function generateKeyPair(password: string, algorithm: 'ecdsa-p256' | 'ed25519' = 'ecdsa-p256'): Promise<KeyPair> {
  const { privateKey } = await (algorithm === 'ed25519'
    ? promisify(generate)('ed25519')
    : promisify(generate)('ec', { namedCurve: 'prime256v1' }));
  return encryptPair(privateKey, password);
}

/** Turns a plain private key (PEM, PKCS #8, PKCS #1 RSA or SEC 1 EC) into a pair in cosign's file format. */
export async function importKeyPair(pem: string, password: string): Promise<KeyPair> {
  return encryptPair(readPlainKey(pem), password);
}

/**
 * Loads a private key: cosign's encrypted format, or a plain PEM, for which the password is not used. Throws SIGN_KEY_INVALID,
 * SIGN_KEY_PASSWORD, SIGN_KEY_PARAMETERS or SIGN_KEY_UNSUPPORTED.
 */
export async function loadKey(pem: string, password: string): Promise<SigningKey> {
  const encrypted = decodePem(pem).find(({ label }) => encryptedLabels.some((known) => known === label));
  if (encrypted === undefined) return signingKey(readPlainKey(pem));
  const pkcs8 = await decryptKey(encrypted.der, password);
  try {
    return signingKey(readDer(pkcs8, 'pkcs8'));
  } finally {
    pkcs8.fill(0);
  }
}

async function encryptPair(key: KeyObject, password: string): Promise<KeyPair> {
  const { publicKey } = signingKey(key);
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  const body = await encryptKey(pkcs8, password);
  pkcs8.fill(0);
  return { private: encodePem(encryptedLabels[0], body), public: publicKey.pem };
}

function readPlainKey(pem: string): KeyObject {
  const blocks = decodePem(pem).filter(({ label }) => label !== 'EC PARAMETERS');
  const [block] = blocks;
  const types = { 'PRIVATE KEY': 'pkcs8', 'RSA PRIVATE KEY': 'pkcs1', 'EC PRIVATE KEY': 'sec1' } as const;
  const type = block === undefined ? undefined : types[block.label as keyof typeof types];
  if (block === undefined || type === undefined || blocks.length > 1) {
    throw signErrors.error('SIGN_KEY_INVALID', 'expected one PEM private key', {
      hint: 'Private keys are read as ENCRYPTED SIGSTORE PRIVATE KEY, PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY.',
      details: { found: blocks.map(({ label }) => label) },
    });
  }
  return readDer(block.der, type);
}

function readDer(der: Buffer, type: 'pkcs8' | 'pkcs1' | 'sec1'): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type });
  } catch (cause) {
    throw signErrors.error('SIGN_KEY_INVALID', 'the private key cannot be read', { cause });
  }
}
