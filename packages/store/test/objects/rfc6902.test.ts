import { describe, expect, it } from 'vitest';
import { jsonPatch } from '../../src/objects/patch.ts';

const ok: [section: string, document: unknown, patch: unknown[], result: unknown][] = [
  ['A.1 adding an object member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
  ['A.2 adding an array element', { foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
  ['A.3 removing an object member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
  ['A.4 removing an array element', { foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
  ['A.5 replacing a value', { baz: 'qux', foo: 'bar' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo', foo: 'bar' }],
  [
    'A.6 moving a value',
    { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  ],
  [
    'A.7 moving an array element',
    { foo: ['all', 'grass', 'cows', 'eat'] },
    [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
    { foo: ['all', 'cows', 'eat', 'grass'] },
  ],
  [
    'A.8 testing a value: success',
    { baz: 'qux', foo: ['a', 2, 'c'] },
    [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    { baz: 'qux', foo: ['a', 2, 'c'] },
  ],
  [
    'A.10 adding a nested member object',
    { foo: 'bar' },
    [{ op: 'add', path: '/child', value: { grandchild: {} } }],
    { foo: 'bar', child: { grandchild: {} } },
  ],
  [
    'A.11 ignoring unrecognized elements',
    { foo: 'bar' },
    [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
    { foo: 'bar', baz: 'qux' },
  ],
  ['A.14 ~ escape ordering', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  [
    'A.16 adding an array value',
    { foo: ['bar'] },
    [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
    { foo: ['bar', ['abc', 'def']] },
  ],
  ['4 a member named by the empty string', { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  ['4.1 adding at the root replaces it', { foo: 'bar' }, [{ op: 'add', path: '', value: [1] }], [1]],
  ['4.1 adding a member that is there replaces it', { foo: 1 }, [{ op: 'add', path: '/foo', value: 2 }], { foo: 2 }],
  [
    '4.5 copying',
    { foo: { a: 1 } },
    [
      { op: 'copy', from: '/foo', path: '/bar' },
      { op: 'add', path: '/bar/b', value: 2 },
    ],
    { foo: { a: 1 }, bar: { a: 1, b: 2 } },
  ],
];

const bad: [section: string, document: unknown, patch: unknown][] = [
  ['A.9 testing a value: error', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }]],
  ['A.12 adding to a nonexistent target', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }]],
  ['A.15 comparing strings and numbers', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }]],
  ['4.2 removing what is not there', {}, [{ op: 'remove', path: '/a' }]],
  ['4.3 replacing what is not there', {}, [{ op: 'replace', path: '/a', value: 1 }]],
  ['4.4 moving a value into itself', { a: { b: {} } }, [{ op: 'move', from: '/a', path: '/a/b/c' }]],
  ['an index beyond the end', { a: [1] }, [{ op: 'add', path: '/a/2', value: 1 }]],
  ['an index with a leading zero', { a: [1, 2] }, [{ op: 'replace', path: '/a/01', value: 1 }]],
  ['an index that is negative', { a: [1, 2] }, [{ op: 'replace', path: '/a/-1', value: 1 }]],
  ['a member of a string', { a: 'text' }, [{ op: 'test', path: '/a/length', value: 4 }]],
  ['an unknown operation', {}, [{ op: 'spam', path: '/a' }]],
  ['no path', {}, [{ op: 'add', value: 1 }]],
  ['a path that does not begin with /', { a: 1 }, [{ op: 'remove', path: 'a' }]],
  ['what is no list', {}, { op: 'add' }],
  ['a list of other things', {}, [null]],
  ['the prototype, as a key', {}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]],
  ['the prototype, on the way', {}, [{ op: 'add', path: '/__proto__/polluted', value: true }]],
  ['the constructor, on the way', {}, [{ op: 'add', path: '/constructor/prototype/polluted', value: true }]],
  ['too many operations', {}, Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} }))],
];

describe('RFC 6902', () => {
  it.each(ok)('%s', (_section, document, patch, result) => {
    const before = structuredClone(document);
    expect(jsonPatch(document, patch)).toEqual(result);
    expect(document).toEqual(before);
  });

  it.each(bad)('refuses: %s', (_section, document, patch) => {
    const before = structuredClone(document);
    expect(() => jsonPatch(document, patch)).toThrow(expect.objectContaining({ code: 'STORE_INVALID' }) as Error);
    expect(document).toEqual(before);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('refuses a patch that doubles a value again and again', () => {
    const doubling = Array.from({ length: 60 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    expect(() => jsonPatch({ a: ['x'.repeat(100)] }, doubling)).toThrow('copies too much');
  });
});
