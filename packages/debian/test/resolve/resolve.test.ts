// Debian policy chapter 7: relationships between packages.
import { describe, expect, it } from 'vitest';
import { resolve } from '../../src/resolve/resolve.ts';
import type { Pin } from '../../src/resolve/request.ts';
import { universeOf } from '../support/universe.ts';

function choose(
  lines: readonly string[],
  packages: readonly string[],
  options: { mode?: 'closure' | 'explicit'; pins?: Pin[]; more?: Record<string, string[]> } = {},
) {
  const universe = universeOf({ main: lines, ...options.more });
  return resolve({ universe, request: { packages, pins: options.pins ?? [] }, mode: options.mode ?? 'closure' });
}
const names = (result: ReturnType<typeof choose>) => result.packages.map(({ record }) => record.name);
const code = (name: string) => expect.objectContaining({ code: name });

describe('closure', () => {
  it('follows Pre-Depends and Depends, not Recommends, and says why', () => {
    const result = choose(['a: Pre-Depends: b; Recommends: x', 'b: Depends: c (>= 1)', 'c', 'x'], ['a']);
    expect(names(result)).toEqual(['a', 'b', 'c']);
    expect(result.packages.map(({ why }) => why)).toEqual([['requested'], ['a Pre-Depends b'], ['a Pre-Depends b', 'b Depends c (>= 1)']]);
    expect(result.unmet).toEqual([]);
  });

  it('tries alternatives from left to right', () => {
    expect(names(choose(['a: Depends: x | b | c', 'b', 'c'], ['a']))).toEqual(['a', 'b']);
    expect(names(choose(['a: Depends: b (>= 2) | c', 'b 1.0', 'c'], ['a']))).toEqual(['a', 'c']);
  });

  it('takes no alternative that something chosen makes needless, wherever that comes from', () => {
    expect(names(choose(['a: Depends: b | c', 'b', 'c'], ['a', 'c']))).toEqual(['a', 'c']);
    expect(names(choose(['a: Depends: b | c, d', 'b', 'c', 'd: Depends: e', 'e: Depends: c'], ['a']))).toEqual(['a', 'c', 'd', 'e']);
  });

  it('passes over an alternative that conflicts with what is chosen', () => {
    expect(names(choose(['a: Depends: b | c', 'b: Conflicts: k', 'c', 'k'], ['a', 'k']))).toEqual(['a', 'c', 'k']);
    expect(names(choose(['a: Depends: b | c', 'b', 'c', 'k: Breaks: b'], ['a', 'k']))).toEqual(['a', 'c', 'k']);
  });

  it('virtual packages: the real one first, then essential, priority, name', () => {
    expect(names(choose(['a: Depends: v', 'v', 'p: Provides: v'], ['a']))).toEqual(['a', 'v']);
    expect(names(choose(['a: Depends: v', 'p: Provides: v', 'o: Provides: v'], ['a']))).toEqual(['a', 'o']);
    expect(names(choose(['a: Depends: v', 'o: Provides: v', 'p: Provides: v; Priority: standard'], ['a']))).toEqual(['a', 'p']);
    expect(names(choose(['a: Depends: v', 'o: Provides: v; Priority: required', 'p: Provides: v; Essential: yes'], ['a']))).toEqual([
      'a',
      'p',
    ]);
    expect(names(choose(['a: Depends: v', 'o: Provides: v', 'p: Provides: v'], ['a', 'p']))).toEqual(['a', 'p']);
  });

  it('a versioned dependency is met by a versioned Provides only (policy 7.5)', () => {
    expect(choose(['a: Depends: v (>= 2)', 'p: Provides: v'], ['a']).unmet).toEqual([
      { package: 'a', field: 'Depends', relation: 'v (>= 2)' },
    ]);
    expect(choose(['a: Depends: v (>= 2)', 'p: Provides: v (= 1.9)'], ['a']).unmet).toHaveLength(1);
    expect(names(choose(['a: Depends: v (>= 2)', 'p 0.1: Provides: v (= 2.1)'], ['a']))).toEqual(['a', 'p']);
    expect(names(choose(['a: Depends: v', 'p: Provides: v (= 1)'], ['a']))).toEqual(['a', 'p']);
  });

  it('architecture qualifiers and Multi-Arch', () => {
    expect(names(choose(['a: Depends: b:any', 'b: Multi-Arch: allowed'], ['a']))).toEqual(['a', 'b']);
    expect(choose(['a: Depends: b:any', 'b: Multi-Arch: foreign'], ['a']).unmet).toHaveLength(1);
    expect(choose(['a: Depends: b:any', 'b'], ['a']).unmet).toHaveLength(1);
    expect(names(choose(['a: Depends: b:amd64', 'b: Architecture: all'], ['a']))).toEqual(['a', 'b']);
    expect(choose(['a: Depends: b:i386', 'b'], ['a']).unmet).toHaveLength(1);
    expect(names(choose(['a: Depends: v:any', 'p: Provides: v:any (= 1)'], ['a']))).toEqual(['a', 'p']);
  });

  it('reports conflicts, also through Provides, never of a package with itself', () => {
    expect(choose(['a: Conflicts: b', 'b'], ['a', 'b']).conflicts).toEqual([
      { package: 'a', other: 'b', field: 'Conflicts', relation: 'b' },
    ]);
    expect(choose(['a: Breaks: b (<< 1.0)', 'b 1.0'], ['a', 'b']).conflicts).toEqual([]);
    expect(choose(['a: Conflicts: v; Provides: v', 'b'], ['a', 'b']).conflicts).toEqual([]);
    expect(choose(['a: Conflicts: v', 'b: Provides: v'], ['a', 'b']).conflicts).toHaveLength(1);
    expect(choose(['a: Conflicts: v (<< 2)', 'b: Provides: v'], ['a', 'b']).conflicts).toEqual([]);
    expect(choose(['a: Depends: b', 'b: Conflicts: a'], ['a']).conflicts).toHaveLength(1);
  });

  it('ends where dependencies go round', () => {
    expect(names(choose(['a: Depends: b', 'b: Depends: c', 'c: Depends: a'], ['c']))).toEqual(['a', 'b', 'c']);
  });
});

describe('versions and pins', () => {
  const more = { security: ['a 1.0+deb1', 'b 3'], updates: ['a 1.0+deb1'] };
  const versions = (packages: string[], pins: Pin[] = []) =>
    choose(['a 1.0: Depends: b', 'b 1', 'b 2'], packages, { pins, more }).packages.map(
      ({ record }) => `${record.name} ${record.version} ${record.suite}`,
    );

  it('the highest version of all suites, of equal ones the earlier suite’s', () => {
    expect(versions(['a', 'b'])).toEqual(['a 1.0+deb1 security', 'b 3 security']);
  });

  it.each<[string, string[], Pin[], string[]]>([
    ['name=version', ['a=1.0', 'b=2'], [], ['a 1.0 main', 'b 2 main']],
    ['name/suite', ['a/updates', 'b/main'], [], ['a 1.0+deb1 updates', 'b 2 main']],
    ['a pin', ['a/main'], [{ package: 'b', version: '1' }], ['a 1.0 main', 'b 1 main']],
    ['a pin of all', ['a', 'b'], [{ package: '*', suite: 'updates' }], ['a 1.0+deb1 updates', 'b 3 security']],
  ])('%s', (_title, packages, pins, expected) => {
    expect(versions(packages, pins)).toEqual(expected);
  });

  it('a pinned version that does not exist is an error that tells what there is', () => {
    expect(() => versions(['a=9'])).toThrow(
      expect.objectContaining({ code: 'DEBIAN_PACKAGE_UNKNOWN', hint: expect.stringContaining('1.0+deb1 (security)') }),
    );
    expect(() => choose(['p: Provides: v'], ['v'])).toThrow(expect.objectContaining({ hint: expect.stringContaining('provided by p') }));
    expect(() => versions(['A'])).toThrow(code('DEBIAN_REQUEST_INVALID'));
    expect(() => versions(['a;rm'])).toThrow(code('DEBIAN_REQUEST_INVALID'));
  });
});

describe('explicit', () => {
  it('takes exactly what was asked for and tells what each package lacks', () => {
    const result = choose(['a: Pre-Depends: b; Depends: c | d, e', 'b', 'c', 'd', 'e'], ['a', 'd'], { mode: 'explicit' });
    expect(names(result)).toEqual(['a', 'd']);
    expect(result.unmet.map(({ field, relation }) => `${field} ${relation}`)).toEqual(['Pre-Depends b', 'Depends e']);
    expect(result.packages.map(({ why }) => why)).toEqual([['requested'], ['requested']]);
  });
});
