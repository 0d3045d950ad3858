import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyEd25519ph } from '../../src/types/ed25519ph.ts';
import { verifyPrehashed } from '../../src/types/prehashed.ts';

const hash = (algorithm: string, data: string) => createHash(algorithm).update(data).digest();

describe('ECDSA over a digest, FIPS 186-5 section 6.4.2', () => {
  it.each([
    ['P-256', 'sha256'],
    ['P-256', 'sha512'],
    ['P-384', 'sha384'],
    ['P-384', 'sha256'],
    ['P-521', 'sha512'],
    ['P-521', 'sha256'],
  ] as const)('%s with %s agrees with OpenSSL', (namedCurve, algorithm) => {
    for (let round = 0; round < 12; round += 1) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
      const signature = sign(algorithm, Buffer.from(`message ${round}`), privateKey);
      expect(verifyPrehashed(publicKey, algorithm, hash(algorithm, `message ${round}`), signature)).toBe(true);
      expect(verifyPrehashed(publicKey, algorithm, hash(algorithm, `message ${round + 1}`), signature)).toBe(false);
    }
  });

  it('does not take the negated digest, which a check of x alone with the wrong sign would', () => {
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const digest = hash('sha256', 'message');
    const negated = (n - (BigInt(`0x${digest.toString('hex')}`) % n)).toString(16).padStart(64, '0');
    const signature = sign('sha256', Buffer.from('message'), privateKey);
    expect(verifyPrehashed(publicKey, 'sha256', Buffer.from(negated, 'hex'), signature)).toBe(false);
  });

  it('the digest zero', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(verifyPrehashed(publicKey, 'sha256', Buffer.alloc(32), Buffer.from('3006020101020101', 'hex'))).toBe(false);
  });
});

describe('RSA over a digest, RFC 8017 section 8.2.2', () => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('%s agrees with OpenSSL', (algorithm) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signature = sign(algorithm, Buffer.from('message'), privateKey);
    expect(verifyPrehashed(publicKey, algorithm, hash(algorithm, 'message'), signature)).toBe(true);
    expect(verifyPrehashed(publicKey, algorithm, hash(algorithm, 'other'), signature)).toBe(false);
  });
});

describe('Ed25519ph, RFC 8032 section 7.3', () => {
  const seed = '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42';
  const prefix = '302e020100300506032b657004220420';
  const privateKey = createPrivateKey({ key: Buffer.from(prefix + seed, 'hex'), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32);
  const signature = Buffer.from(
    '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    'hex',
  );

  it('the vector verifies; another digest, a changed signature and plain Ed25519 do not', () => {
    expect(verifyEd25519ph(publicKey, hash('sha512', 'abc'), signature)).toBe(true);
    expect(verifyEd25519ph(publicKey, hash('sha512', 'abd'), signature)).toBe(false);
    for (const at of [0, 31, 32, 63]) {
      const changed = Buffer.from(signature);
      changed[at] = (changed[at] as number) ^ 1;
      expect(verifyEd25519ph(publicKey, hash('sha512', 'abc'), changed)).toBe(false);
    }
    expect(verifyEd25519ph(publicKey, hash('sha512', 'abc'), sign(null, Buffer.from('abc'), privateKey))).toBe(false);
  });
});
