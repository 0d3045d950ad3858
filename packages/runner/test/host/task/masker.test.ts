import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMasker } from '../../../src/host/task/masker.ts';

function run(secrets: readonly string[], chunks: readonly string[]): { text: string; steps: string[] } {
  const masker = createMasker(secrets);
  const steps = chunks.map((chunk) => masker.push(Buffer.from(chunk)).toString());
  const end = masker.end().toString();
  return { text: steps.join('') + end, steps };
}

describe('masking', () => {
  it('shows no secret and keeps the rest, however the bytes come', () => {
    const alphabet = fc.constantFrom('a', 'b', 'c', '\n');
    const text = fc.string({ unit: alphabet, maxLength: 60 });
    const secret = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        text,
        fc.array(fc.nat(60), { maxLength: 6 }),
        (secrets, whole, cuts) => {
          const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).toSorted((a, b) => a - b), whole.length];
          const chunks = places.slice(1).map((end, index) => whole.slice(places[index], end));
          const { text: shown } = run(secrets, chunks);
          for (const value of secrets) expect(shown.includes(value)).toBe(false);
          // What is shown is the text with some parts replaced: between masks, in order, it is the text's own.
          let at = 0;
          for (const part of shown.split('***')) {
            const found = whole.indexOf(part, at);
            expect(found).toBeGreaterThanOrEqual(at);
            at = found + part.length;
          }
          if (!secrets.some((value) => whole.includes(value))) expect(shown).toBe(whole);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('keeps back only what may become a secret', () => {
    expect(run(['password'], ['a line\npass', 'ing by\n']).steps).toEqual(['a line\n', 'passing by\n']);
    expect(run(['password'], ['pass', 'word!']).steps).toEqual(['', '***!']);
    expect(run(['password'], ['a pass']).text).toBe('a pass');
  });

  it('prefers the longer of two that begin together, and masks overlapping ones', () => {
    expect(run(['token', 'token-long'], ['x token-long y']).text).toBe('x *** y');
    expect(run(['abcd', 'cdef'], ['abcd']).text).toBe('***');
    expect(run(['abcd', 'abcdef'], ['abcd', 'ef']).text).toBe('***');
  });

  it('knows a value without white space around it and by its lines; leaves short ones alone', () => {
    expect(run(['  secret1\n'], ['say secret1.']).text).toBe('say ***.');
    expect(run(['-----BEGIN KEY-----\nMIIBVg\nabc\n'], ['MIIBVg\nabc']).text).toBe('***\nabc');
    expect(run(['abc', ''], ['abc']).text).toBe('abc');
  });

  it('is about bytes, not characters', () => {
    const masker = createMasker(['schlüssel']);
    const bytes = Buffer.from('der schlüssel');
    const parts = [...bytes].map((byte) => masker.push(Buffer.from([byte])));
    expect(Buffer.concat([...parts, masker.end()]).toString()).toBe('der ***');
  });
});
