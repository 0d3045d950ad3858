import { describe, expect, test } from 'vitest';
import { encoderId } from '../../src/encoder/encoder.ts';
import { currentVectors, goldenVectors } from './golden-check.ts';

describe('the bytes of an encoder id never change', () => {
  test('colophon-deflate@1 gives the golden vectors', () => {
    expect(encoderId).toBe('colophon-deflate@1');
    expect({ encoder: encoderId, vectors: currentVectors() }).toEqual(goldenVectors());
  });
});
