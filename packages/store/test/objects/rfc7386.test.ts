import { expect, it } from 'vitest';
import { mergePatch } from '../../src/objects/patch.ts';

/** RFC 7386, appendix A. */
const cases: [original: unknown, patch: unknown, result: unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

it.each(cases)('RFC 7386 appendix A: %j with %j', (original, patch, result) => {
  const before = structuredClone(original);
  expect(mergePatch(original, patch)).toEqual(result);
  expect(original).toEqual(before);
});

it('does not reach into prototypes', () => {
  const patch: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
  expect(() => mergePatch({}, patch)).toThrow(expect.objectContaining({ code: 'STORE_INVALID' }) as Error);
  expect(mergePatch({}, { constructor: { prototype: { polluted: true } } })).toEqual({ constructor: { prototype: { polluted: true } } });
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
