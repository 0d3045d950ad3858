import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalCodes, codeLengths } from '../../src/encoder/huffman.ts';

const frequencies = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300_000 })), { minLength: 2, maxLength: 286 });

test('RFC 1951 section 3.2.2: lengths give a complete prefix code within the limit', () => {
  fc.assert(
    fc.property(frequencies, (list) => {
      const lengths = new Uint8Array(286);
      codeLengths(Uint32Array.from(list), list.length, 15, lengths);
      const used = list.filter((frequency) => frequency > 0).length;
      const kraft = lengths.reduce((sum, length) => sum + (length === 0 ? 0 : 2 ** -length), 0);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(15);
      expect(lengths.slice(0, list.length).filter((length) => length > 0)).toHaveLength(used);
      expect(kraft).toBe(used === 0 ? 0 : used === 1 ? 0.5 : 1);
    }),
  );
});

test('a rarer symbol never has a shorter code', () => {
  fc.assert(
    fc.property(frequencies, (list) => {
      const lengths = new Uint8Array(286);
      codeLengths(Uint32Array.from(list), list.length, 9, lengths);
      const order = list
        .map((frequency, symbol) => ({ frequency, length: lengths[symbol] as number }))
        .filter(({ frequency }) => frequency > 0);
      order.sort((left, right) => left.frequency - right.frequency || right.length - left.length);
      for (const [index, { length }] of order.entries()) expect(length).toBeGreaterThanOrEqual(order[index + 1]?.length ?? 0);
    }),
  );
});

test('Fibonacci frequencies, which would want 20 bits, are held to 7', () => {
  const list = Uint32Array.of(1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181);
  const lengths = new Uint8Array(19);
  codeLengths(list, 19, 7, lengths);
  expect(Math.max(...lengths)).toBe(7);
  expect(lengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
});

test('RFC 1951’s own example of canonical codes', () => {
  const codes = new Uint16Array(8);
  canonicalCodes(Uint8Array.of(3, 3, 3, 3, 3, 2, 4, 4), 8, codes);
  const bits = (code: number, length: number) => Array.from(code.toString(2).padStart(length, '0')).toReversed().join('');
  expect([bits(codes[0] as number, 3), bits(codes[5] as number, 2), bits(codes[6] as number, 4), bits(codes[7] as number, 4)]).toEqual([
    '010',
    '00',
    '1110',
    '1111',
  ]);
});
