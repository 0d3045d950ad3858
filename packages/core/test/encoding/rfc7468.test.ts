import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePem, encodePem } from '@colophon/core';

const refused = (text: string) => expect(() => decodePem(text)).toThrow(expect.objectContaining({ code: 'CORE_PEM_INVALID' }) as Error);

describe('PEM (RFC 7468)', () => {
  it('writes what OpenSSL writes', () => {
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const [block] = decodePem(pem);
    expect(block?.label).toBe('PUBLIC KEY');
    expect(encodePem('PUBLIC KEY', block?.der ?? Buffer.alloc(0))).toBe(pem);
    expect(createPublicKey(pem).export({ type: 'spki', format: 'der' })).toEqual(block?.der);
  });

  it('reads back what it wrote, several and with text around them', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 4 }), (blobs) => {
        const text = `Subject: x\n${blobs.map((bytes) => encodePem('CERTIFICATE', bytes)).join('some text\n')}`;
        const expected = blobs.map((bytes) => ({ label: 'CERTIFICATE', der: Buffer.from(bytes) }));
        expect(decodePem(text)).toEqual(expected);
        expect(decodePem(text.replaceAll('\n', '\r\n'))).toEqual(expected);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['no end', '-----BEGIN X-----\nAAAA\n'],
    ['another end', '-----BEGIN X-----\nAAAA\n-----END Y-----\n'],
    ['no content', '-----BEGIN X-----\n-----END X-----\n'],
    ['base64 that is cut', '-----BEGIN X-----\nAAA\n-----END X-----\n'],
    ['padding in the middle', '-----BEGIN X-----\nAA==AAAA\n-----END X-----\n'],
    ['bits that stand for nothing', '-----BEGIN X-----\nAB==\n-----END X-----\n'],
    ['foreign characters', '-----BEGIN X-----\nAA*A\n-----END X-----\n'],
  ])('refuses %s', (_what, text) => refused(text));

  it('is not slowed down by a hostile text', () => {
    refused('-----BEGIN X-----\n'.repeat(20_000));
    refused(`-----BEGIN X-----\n${'A\n'.repeat(200_000)}`);
    refused(`-----BEGIN ${' '.repeat(500_000)}`);
  });
});
