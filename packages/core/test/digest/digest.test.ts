import { describe, expect, it } from 'vitest';
import { digestOf, digestStream, isDigest, parseDigest, sameDigest, sha256, sha256Hex } from '@colophon/core';

/** FIPS 180-2, appendices B and C: "abc". */
const abc = {
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha384: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  sha512:
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
} as const;

describe('digests', () => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('%s of the standard’s example', async (algorithm) => {
    expect(digestOf('abc', algorithm)).toBe(`${algorithm}:${abc[algorithm]}`);
    async function* parts() {
      yield Buffer.from('a');
      yield Buffer.from('bc');
    }
    expect(await digestStream(parts(), algorithm)).toEqual({ digest: `${algorithm}:${abc[algorithm]}`, size: 3 });
    expect(parseDigest(`${algorithm}:${abc[algorithm]}`)).toEqual({
      digest: `${algorithm}:${abc[algorithm]}`,
      algorithm,
      hex: abc[algorithm],
    });
  });

  it('gives bytes and hexadecimal', () => {
    expect(sha256Hex('abc')).toBe(abc.sha256);
    expect(sha256(Buffer.from('abc')).toString('hex')).toBe(abc.sha256);
    expect(sameDigest(`sha256:${abc.sha256}`, digestOf('abc'))).toBe(true);
    expect(sameDigest('nonsense', 'nonsense')).toBe(false);
  });

  it.each([
    '',
    'sha256',
    'sha256:',
    abc.sha256,
    `sha256:${abc.sha256.toUpperCase()}`,
    `SHA256:${abc.sha256}`,
    `sha256:${abc.sha256}0`,
    `sha256:${abc.sha256.slice(1)}`,
    `sha256:${abc.sha512}`,
    `sha256:${abc.sha256}\n`,
    `sha256:../${abc.sha256.slice(3)}`,
    `sha1:${'a'.repeat(40)}`,
    `__proto__:${abc.sha256}`,
    `constructor:${abc.sha256}`,
    `sha256:${'é'.repeat(64)}`,
  ])('refuses %j', (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'CORE_DIGEST_INVALID', exit: 2, status: 400 }) as Error);
  });
});
