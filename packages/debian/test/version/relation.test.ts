// Debian policy 7.1, deb-control(5).
import { describe, expect, it } from 'vitest';
import { formatGroup, parseRelations, satisfiesVersion, parseRelation } from '../../src/version/relation.ts';

describe('relationship fields', () => {
  it('reads groups, alternatives, qualifiers and versions, with any white space', () => {
    const groups = parseRelations('libc6 (>= 2.41),  python3:any|python3.13 (<< 3.14~),\n foo:amd64 ( = 1:2-3 ), ,x(>=1)');
    expect(groups).toEqual([
      [{ name: 'libc6', operator: '>=', version: '2.41' }],
      [
        { name: 'python3', qualifier: 'any' },
        { name: 'python3.13', operator: '<<', version: '3.14~' },
      ],
      [{ name: 'foo', qualifier: 'amd64', operator: '=', version: '1:2-3' }],
      [{ name: 'x', operator: '>=', version: '1' }],
    ]);
    expect(groups.map(formatGroup)).toEqual(['libc6 (>= 2.41)', 'python3:any | python3.13 (<< 3.14~)', 'foo:amd64 (= 1:2-3)', 'x (>= 1)']);
  });

  it('reads the obsolete < and > as <= and >=', () => {
    expect(satisfiesVersion(parseRelation('a (< 2)'), '2')).toBe(true);
    expect(satisfiesVersion(parseRelation('a (> 2)'), '2')).toBe(true);
    expect(satisfiesVersion(parseRelation('a (<< 2)'), '2')).toBe(false);
    expect(satisfiesVersion(parseRelation('a (>> 2)'), '2')).toBe(false);
    expect(satisfiesVersion(parseRelation('a (= 2)'), '2-0')).toBe(true);
  });

  it.each(['a (>= 1', 'a (1)', 'a [amd64]', 'a <!nocheck>', '|', 'a b', '(>= 1)', 'a (>= 1) b', '${shlibs:Depends}'])(
    'refuses %j',
    (text) => {
      expect(() => parseRelations(text)).toThrow(expect.objectContaining({ code: 'DEBIAN_RELATION_INVALID' }));
    },
  );
});
