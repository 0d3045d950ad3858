import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytewise, decodeBase64, encodeBase64 } from '@colophon/core';

describe('base64 (RFC 4648)', () => {
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('section 10: %j is %j', (text, encoded) => {
    expect(encodeBase64(text)).toBe(encoded);
    expect(encodeBase64(Buffer.from(text))).toBe(encoded);
    expect(decodeBase64(encoded).toString()).toBe(text);
  });

  it('reads back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each(['Zg', 'Zg=', 'Zg===', 'Zh==', 'Zm9v\n', ' Zm9v', 'Zm-v', 'Zm_v', 'Zm9v====', '\u{1F600}'])('refuses %j', (text) => {
    expect(() => decodeBase64(text, 'the thing')).toThrow(
      expect.objectContaining({ code: 'CORE_BASE64_INVALID', message: 'the thing is not base64' }) as Error,
    );
  });
});

describe('compareBytewise', () => {
  it('orders as UTF-8 bytes, where UTF-16 would order otherwise', () => {
    expect(['\uffee', '\u{1F600}', 'b', 'ä', 'a', ''].toSorted(compareBytewise)).toEqual(['', 'a', 'b', 'ä', '\uffee', '\u{1F600}']);
    expect(['\uffee', '\u{1F600}'].toSorted()).toEqual(['\u{1F600}', '\uffee']);
  });
});
