// cosign's key files (go-securesystemslib, encrypted), PKCS #8, PKCS #1, SEC 1; fingerprints.
import { generateKeyPairSync, createPublicKey } from 'node:crypto';
import { decodePem, encodePem } from '@colophon/core';
import { describe, expect, it } from 'vitest';
import { generateKeyPair, importKeyPair, loadKey, loadPublicKey } from '../../src/index.ts';

const data = Buffer.from('to be signed');
const wrong = expect.objectContaining({ code: 'SIGN_KEY_PASSWORD' });

function edit(pem: string, change: (file: any) => void, label = 'ENCRYPTED SIGSTORE PRIVATE KEY'): string {
  const file = JSON.parse(decodePem(pem)[0]!.der.toString());
  change(file);
  return encodePem(label, Buffer.from(JSON.stringify(file)));
}

describe('encrypted key files', () => {
  it.each(['ecdsa-p256', 'ed25519'] as const)('round-trip: %s', async (algorithm) => {
    const pair = await generateKeyPair('pass', algorithm);
    expect(pair.private).toMatch(/^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
    const key = await loadKey(pair.private, 'pass');
    const publicKey = loadPublicKey(pair.public);
    expect(key.publicKey.pem).toBe(pair.public);
    expect(publicKey.algorithm).toBe(algorithm);
    expect(publicKey.verify(data, key.sign(data))).toBe(true);
    expect(publicKey.verify(Buffer.from('other'), key.sign(data))).toBe(false);
    expect(publicKey.verify(data, Buffer.from('not DER'))).toBe(false);
    await expect(loadKey(pair.private, 'Pass')).rejects.toEqual(wrong);
  });

  it('have the sizes that cosign writes, and the older label is read', async () => {
    const pair = await generateKeyPair('');
    const file = JSON.parse(decodePem(pair.private)[0]!.der.toString());
    expect(file.kdf).toMatchObject({ name: 'scrypt', params: { N: 65536, r: 8, p: 1 } });
    expect(Buffer.from(file.ciphertext, 'base64')).toHaveLength(154);
    const old = edit(pair.private, () => {}, 'ENCRYPTED COSIGN PRIVATE KEY');
    expect((await loadKey(old, '')).publicKey.pem).toBe(pair.public);
  });

  it.each<[string, (file: any) => void, string]>([
    ['memory beyond bounds', (file) => (file.kdf.params.N = 2 ** 24), 'SIGN_KEY_PARAMETERS'],
    ['work beyond bounds', (file) => (file.kdf.params.p = 2 ** 20), 'SIGN_KEY_PARAMETERS'],
    ['r beyond bounds', (file) => (file.kdf.params.r = 2 ** 30), 'SIGN_KEY_PARAMETERS'],
    ['N that is no power of two', (file) => (file.kdf.params.N = 65_535), 'SIGN_KEY_PARAMETERS'],
    ['N of one', (file) => (file.kdf.params.N = 1), 'SIGN_KEY_PARAMETERS'],
    ['no N', (file) => delete file.kdf.params.N, 'SIGN_KEY_INVALID'],
    ['N as text', (file) => (file.kdf.params.N = '65536'), 'SIGN_KEY_INVALID'],
    ['another kdf', (file) => (file.kdf.name = 'pbkdf2'), 'SIGN_KEY_INVALID'],
    ['another cipher', (file) => (file.cipher.name = 'none'), 'SIGN_KEY_INVALID'],
    ['a short nonce', (file) => (file.cipher.nonce = 'AAAA'), 'SIGN_KEY_INVALID'],
    ['an empty ciphertext', (file) => (file.ciphertext = ''), 'SIGN_KEY_INVALID'],
    ['a changed ciphertext', (file) => (file.ciphertext = Buffer.alloc(154).toString('base64')), 'SIGN_KEY_PASSWORD'],
  ])('are refused with %s', async (_, change, code) => {
    const pair = await generateKeyPair('p');
    await expect(loadKey(edit(pair.private, change), 'p')).rejects.toEqual(expect.objectContaining({ code }));
  });
});

describe('imported keys', () => {
  const keys = {
    'PKCS #8 P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
    'SEC 1 P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'pem', type: 'sec1' }),
    'PKCS #8 Ed25519': generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
    'PKCS #1 RSA': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs1' }),
  };
  it.each(Object.entries(keys))('%s', async (_, pem) => {
    const pair = await importKeyPair(pem.toString(), 'x');
    expect(pair.public).toBe(createPublicKey(pem).export({ format: 'pem', type: 'spki' }));
    const key = await loadKey(pair.private, 'x');
    expect(loadPublicKey(pair.public).verify(data, key.sign(data))).toBe(true);
    expect((await loadKey(pem.toString(), '')).publicKey.pem).toBe(pair.public);
  });

  it.each([
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
    ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
    ['X25519', () => generateKeyPairSync('x25519').privateKey],
  ])('refused: %s', async (_, make) => {
    const pem = make().export({ format: 'pem', type: 'pkcs8' }).toString();
    await expect(importKeyPair(pem, '')).rejects.toEqual(expect.objectContaining({ code: 'SIGN_KEY_UNSUPPORTED' }));
  });

  it('refuses a public key, two keys, and rubbish', async () => {
    const pair = await generateKeyPair('');
    const code = expect.objectContaining({ code: 'SIGN_KEY_INVALID' });
    await expect(loadKey(pair.public, '')).rejects.toEqual(code);
    await expect(loadKey(encodePem('PRIVATE KEY', Buffer.from('rubbish')), '')).rejects.toEqual(code);
    expect(() => loadPublicKey(pair.public + pair.public)).toThrow(code);
    expect(() => loadPublicKey(encodePem('PUBLIC KEY', Buffer.from('rubbish')))).toThrow(code);
  });
});

describe('names of keys', () => {
  it('agree with what Chains wrote for its key', () => {
    // The public key and keyid of the recorded Chains 0.29.2.
    const key = loadPublicKey(
      '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYChgVOBjhn1aBfl7yUsAYtFiCgU5\nGNsJqC3iViox+6tOE6Xy2IP+QZAzIyLgs31K4YNyOG/dikAVLZ5AjPGpbg==\n-----END PUBLIC KEY-----\n',
    );
    expect(key.openSshFingerprint).toBe('SHA256:cuijk53nGvEpqeTJILMA4wpXWiq5CzHQJh96lmFdMyw');
    expect(Buffer.from(key.hint, 'base64').toString('hex')).toBe(key.spkiSha256);
  });
});
