import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { matchesGlob } from '../../src/webhook/glob.ts';

it.each([
  ['main', 'main', true],
  ['main', 'mai', false],
  ['main', 'maint', false],
  ['release-1.2', 'release-*', true],
  ['release-', 'release-*', true],
  ['release/1.2', 'release*', true],
  ['release/1.2/x', 'release/**', true],
  ['refs/tags/v1', 'refs/tags/v?', true],
  ['refs/tags/v10', 'refs/tags/v?', false],
  ['v3', 'v[1-3]', true],
  ['v4', 'v[1-3]', false],
  ['v4', 'v[!1-3]', true],
  ['v-', 'v[a-]', true],
  ['main', '{main,release-*}', true],
  ['release-2', '{main,release-{1,2}}', true],
  ['release-3', '{main,release-{1,2}}', false],
  ['a,b', 'a,b', true],
  ['a*b', 'a\\*b', true],
  ['axb', 'a\\*b', false],
  ['', '', true],
  ['', '*', true],
  ['x', '', false],
  ['[', '[', false],
  ['{a', '{a', false],
  ['a\\', 'a\\', false],
])('%j matches %j: %j', (text, pattern, expected) => expect(matchesGlob(text, pattern)).toBe(expected));

it('what nests without end, or would make a backtracking matcher run for years, is answered', () => {
  expect(matchesGlob('a'.repeat(250), `${'*a'.repeat(240)}b`)).toBe(false);
  expect(matchesGlob('a'.repeat(250), '{a,{a,aa}}'.repeat(49))).toBe(false);
  expect(matchesGlob('a'.repeat(49), '{a,{a,aa}}'.repeat(49))).toBe(true);
  expect(matchesGlob('x', '{'.repeat(500))).toBe(false);
  expect(matchesGlob('x'.repeat(600), 'x'.repeat(600))).toBe(false);
});

it('agrees with a regular expression, where that is quick', () => {
  const piece = fc.constantFrom('a', 'b', '?', '*', '{a,b}', '{ab,}', '[ab]', '[!a]');
  const asExpression = (pieces: readonly string[]) =>
    new RegExp(
      `^${pieces
        .map((one) =>
          one
            .replace(/^\?$/, '[^]')
            .replace(/^\*$/, '[^]*')
            .replace(/^\{(.*),(.*)\}$/, '(?:$1|$2)')
            .replace('[!', '[^'),
        )
        .join('')}$`,
    );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }), (pieces, text) => {
      expect(matchesGlob(text, pieces.join(''))).toBe(asExpression(pieces).test(text));
    }),
  );
});
