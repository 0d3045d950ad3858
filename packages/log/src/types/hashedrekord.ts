import { canonicalJsonBytes } from '@colophon/core';
import { base64Of, fieldsOf, invalidEntry, textOf } from './fields.ts';
import { normalizeKeys, verifierKeys } from './index-keys.ts';
import type { PreparedEntry } from './prepared.ts';
import { parseVerifier, verifyDigest, type Verifier } from './verifier.ts';

const hexLength = { sha256: 64, sha384: 96, sha512: 128 } as const;
type Algorithm = keyof typeof hexLength;

/** The pairs of key and digest that Rekor's algorithm registry allows. */
const pairs: Readonly<Record<string, readonly Algorithm[]>> = {
  prime256v1: ['sha256'],
  secp384r1: ['sha384', 'sha256'],
  secp521r1: ['sha512', 'sha256'],
  ed25519: ['sha512'],
  'rsa-2048': ['sha256'],
  'rsa-3072': ['sha256'],
  'rsa-4096': ['sha256'],
};

/** hashedrekord 0.0.1: a detached signature over a digest. Throws LOG_ENTRY_INVALID. */
export function prepareHashedrekord(spec: unknown): PreparedEntry {
  const { data, signature } = fieldsOf(spec, 'spec');
  const hash = fieldsOf(fieldsOf(data, 'data')['hash'], 'data.hash');
  const algorithm = algorithmOf(hash['algorithm']);
  const value = textOf(hash['value'], 'data.hash.value');
  if (value.length !== hexLength[algorithm] || !/^[0-9a-fA-F]+$/.test(value)) throw invalidEntry('invalid value for hash');
  const { content, publicKey } = fieldsOf(signature, 'signature');
  const bytes = base64Of(content, 'signature.content');
  const verifier = parseVerifier(base64Of(fieldsOf(publicKey, 'signature.publicKey')['content'], 'signature.publicKey.content'), {
    chain: 'check',
  });
  checkPair(verifier, algorithm);
  if (!verifyDigest(verifier.key, algorithm, Buffer.from(value, 'hex'), bytes))
    throw invalidEntry('verifying signature: invalid signature');
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    body: canonicalJsonBytes({
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm, value } },
        signature: { content: bytes.toString('base64'), publicKey: { content: Buffer.from(verifier.canonical).toString('base64') } },
      },
    }),
    keys: normalizeKeys([...verifierKeys(verifier), `${algorithm}:${value}`]),
  };
}

function algorithmOf(value: unknown): Algorithm {
  if (value === 'sha256' || value === 'sha384' || value === 'sha512') return value;
  throw invalidEntry('data.hash.algorithm should be one of [sha256 sha384 sha512]');
}

function checkPair({ key }: Verifier, algorithm: Algorithm): void {
  const details = key.asymmetricKeyDetails ?? {};
  const name = details.namedCurve ?? (key.asymmetricKeyType === 'rsa' ? `rsa-${details.modulusLength}` : (key.asymmetricKeyType ?? ''));
  if (pairs[name]?.includes(algorithm) !== true) throw invalidEntry(`entry algorithms are not allowed: ${name} with ${algorithm}`);
}
