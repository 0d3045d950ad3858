import { createPublicKey, verify, X509Certificate, type KeyObject } from 'node:crypto';
import { decodePem, encodePem, sha256Hex } from '@colophon/core';
import { Lru } from '../tiles/lru.ts';
import { verifyEd25519ph } from './ed25519ph.ts';
import { invalidEntry } from './fields.ts';
import { verifyPrehashed } from './prehashed.ts';

import { subjectsOf } from './subjects.ts';

/** A public key, a certificate or a certificate chain in PEM, as an entry carries it. */
export interface Verifier {
  /** Rekor's canonical form: PEM of the key or the certificates, re-encoded. */
  readonly canonical: string;
  /** SHA-256 of the canonical form, hex: how Rekor's index names a key. */
  readonly keyHash: string;
  /** Subject alternative names of the leaf certificate, as written there. */
  readonly subjects: readonly string[];
  readonly key: KeyObject;
}

const maxChain = 10;
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Signers come back with the same key; reading one costs as much as checking a signature. */
const recent = new Lru<string, Verifier>(256);
const maxCached = 16 * 1024;

/** The proposer chooses every byte. Throws LOG_ENTRY_INVALID. */
export function parseVerifier(pem: Uint8Array, options: { chain: 'check' | 'leaf' } = { chain: 'leaf' }): Verifier {
  const text = Buffer.from(pem).toString('utf8');
  const name = `${options.chain} ${text}`;
  const known = recent.get(name);
  if (known !== undefined) return known;
  const verifier = readVerifier(text, options.chain);
  if (name.length <= maxCached) recent.set(name, verifier);
  return verifier;
}

function readVerifier(text: string, chain: 'check' | 'leaf'): Verifier {
  const blocks = pemBlocks(text);
  const [first] = blocks;
  if (first === undefined) throw invalidEntry('invalid public key: failure decoding PEM');
  if (blocks.length === 1 && first.label === 'PUBLIC KEY') {
    const key = keyFromDer(first.der);
    const canonical = encodePem('PUBLIC KEY', first.der);
    return { canonical, keyHash: sha256Hex(canonical), subjects: [], key };
  }
  if (blocks.length > maxChain) throw invalidEntry(`a certificate chain of more than ${maxChain}`);
  const certificates = blocks.map(({ label, der }) => {
    if (label !== 'CERTIFICATE') throw invalidEntry(`invalid public key: cannot handle type ${label}`);
    return certificateFromDer(der);
  });
  if (chain === 'check') checkChain(certificates);
  const leaf = certificates[0] as X509Certificate;
  const canonical = blocks.map(({ der }) => encodePem('CERTIFICATE', der)).join('');
  return { canonical, keyHash: sha256Hex(canonical), subjects: subjectsOf(leaf), key: supported(leaf.publicKey) };
}

function pemBlocks(text: string) {
  try {
    return decodePem(text);
  } catch (cause) {
    throw invalidEntry('invalid public key: failure decoding PEM', cause);
  }
}

/** Only the one encoding that re-encoding gives: so that a key has one canonical form. */
function keyFromDer(der: Buffer): KeyObject {
  let key: KeyObject;
  let again: Buffer;
  try {
    key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    again = key.export({ type: 'spki', format: 'der' });
  } catch (cause) {
    throw invalidEntry('the public key cannot be read', cause);
  }
  if (!again.equals(der)) throw invalidEntry('the public key is not in its canonical encoding');
  if (key.asymmetricKeyType === 'ec' && der[der.length - pointSize(key)] !== 0x04) throw invalidEntry('a compressed elliptic curve point');
  return supported(key);
}

function pointSize(key: KeyObject): number {
  const sizes: Readonly<Record<string, number>> = { prime256v1: 65, secp384r1: 97, secp521r1: 133 };
  return sizes[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 1;
}

function certificateFromDer(der: Buffer): X509Certificate {
  try {
    const certificate = new X509Certificate(der);
    if (!certificate.raw.equals(der)) throw invalidEntry('bytes after the certificate');
    return certificate;
  } catch (cause) {
    throw invalidEntry('the certificate cannot be read', cause);
  }
}

function supported(key: KeyObject): KeyObject {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const known =
    key.asymmetricKeyType === 'ed25519' ||
    (key.asymmetricKeyType === 'ec' && curves.has(namedCurve)) ||
    (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192);
  if (!known) throw invalidEntry(`unsupported public key type ${key.asymmetricKeyType ?? ''} ${namedCurve || modulusLength || ''}`.trim());
  return key;
}

/** Each certificate is signed by the next; expired ones may be logged, and no root is trusted here (as in Rekor). */
function checkChain(certificates: readonly X509Certificate[]): void {
  for (const [index, certificate] of certificates.entries()) {
    const issuer = certificates[index + 1];
    if (issuer === undefined) continue;
    if (!issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      throw invalidEntry(`certificate ${index} of the chain is not signed by the next`);
    }
  }
}

/** A signature over a message, always with SHA-256 (Ed25519 hashes inside), as DSSE entries of Rekor are verified. */
export function verifyMessage(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return attempt(() => verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', message, key, signature));
}

/**
 * A signature over a message of which only the digest is known. ECDSA and RSA sign a digest; for Ed25519 it is
 * Ed25519ph of RFC 8032, over SHA-512, as Rekor's hashedrekord has it.
 */
export function verifyDigest(
  key: KeyObject,
  algorithm: 'sha256' | 'sha384' | 'sha512',
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.asymmetricKeyType === 'ed25519') {
    if (algorithm !== 'sha512') return false;
    const raw = key.export({ type: 'spki', format: 'der' }).subarray(-32);
    return verifyEd25519ph(raw, digest, signature);
  }
  return attempt(() => verifyPrehashed(key, algorithm, digest, signature));
}

function attempt(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
