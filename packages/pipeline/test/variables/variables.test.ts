import { describe, expect, it } from 'vitest';
import { referencesIn } from '../../src/variables/references.ts';
import { fromParams, replaceList, replaceText, replaceValue, stringsOnly } from '../../src/variables/replacements.ts';

describe('replaceText', () => {
  const known = stringsOnly([
    ['params.x', 'X'],
    ['params["a.b"]', 'AB'],
    ['params.again', '$(params.x)'],
  ]);

  it.each([
    ['$(params.x) and $(params.x)', 'X and X'],
    ['$(params["a.b"])', 'AB'],
    ['$(date) $(params.y) $$(params.x)', '$(date) $(params.y) $X'],
    ['$(params.again)', '$(params.x)'],
    ['$(params.$(params.x))', '$(params.X)'],
    ['$(params.x', '$(params.x'],
  ])('%s becomes %s', (text, wanted) => {
    expect(replaceText(text, known)).toBe(wanted);
  });

  it.each([
    ['openings', '$('.repeat(500_000)],
    ['openings and one end far away', `${'$('.repeat(500_000)})`],
    ['openings of names', `${'$(params.'.repeat(100_000)}\n)`],
  ])('is linear on %s', (_what, text) => {
    expect(replaceText(text, known)).toBe(text);
    expect(referencesIn(text, 'params').names.length).toBeLessThan(text.length);
  });
});

describe('values', () => {
  const given = fromParams([
    { name: 'list', value: ['a', 'b'] },
    { name: 'map', value: { key: 'v' } },
    { name: 'text', value: 't' },
  ]);

  it('puts whole arrays into lists, members and keys into text', () => {
    expect(replaceList(['1', '$(params.list[*])', '$(params.list[1])', '$(params.map.key)', '$(params.text)'], given)).toEqual([
      '1',
      'a',
      'b',
      'b',
      'v',
      't',
    ]);
  });

  it('gives a param that is one reference the type of what it names', () => {
    expect(replaceValue('$(params.list[*])', given)).toEqual(['a', 'b']);
    expect(replaceValue('$(params.map[*])', given)).toEqual({ key: 'v' });
    expect(replaceValue({ k: '$(params.text)' }, given)).toEqual({ k: 't' });
  });
});
