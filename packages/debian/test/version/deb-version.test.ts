// deb-version(7), and the test cases of dpkg's own lib/dpkg/t/t-version.c that are about order.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, parseVersion } from '../../src/version/compare.ts';

const ascending = [
  ['1.0~rc1', '1.0'],
  ['1.0~~', '1.0~'],
  ['1.0~', '1.0'],
  ['1.0', '1.0-1'],
  ['1.0', '1.0a'],
  ['1.0a', '1.0+'],
  ['1.0a', '1.0.'],
  ['1.0Z', '1.0a'],
  ['1.2', '1.10'],
  ['1.9', '1:0.1'],
  ['0:2', '1:1'],
  ['2.41-12+deb13u1~1', '2.41-12+deb13u1'],
  ['1.0-1', '1.0-1+b1'],
  ['1.0-1~bpo12+1', '1.0-1'],
  ['1-1-1', '1-1-2'],
  ['9', '99999999999999999999999999'],
  ['99999999999999999999999998', '99999999999999999999999999'],
  ['1:2:3-4', '1:2:4-4'],
  ['0a', '0b'],
] as const;
const equal = [
  ['1.0', '1.0-0'],
  ['0:1.0', '1.0'],
  ['1.00', '1.0'],
  ['1.0-00', '1.0-0'],
  ['007', '7'],
  ['1.0-1', '1.0-01'],
] as const;

describe('deb-version(7)', () => {
  it.each(ascending)('%s is lower than %s', (low, high) => {
    expect(compareVersions(low, high)).toBe(-1);
    expect(compareVersions(high, low)).toBe(1);
  });

  it.each(equal)('%s is equal to %s', (left, right) => {
    expect(compareVersions(left, right)).toBe(0);
    expect(compareVersions(right, left)).toBe(0);
  });

  it.each(['', ':1', 'a:1', '-1', '1-', '1:', '1 2', 'abc', '1_2', '1.0-1_2', '2147483648:1', '1.0\n', '1.0-é', '-1:1'])(
    '%j is no version',
    (text) => {
      expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 'DEBIAN_VERSION_INVALID' }));
    },
  );

  it('splits at the first colon and the last hyphen', () => {
    expect(parseVersion('3:1.2:3-4-5')).toEqual({ epoch: 3, upstream: '1.2:3-4', revision: '5' });
  });

  const version = fc.stringMatching(/^[0-9][0-9a-c.+~]{0,8}(?:-[0-9a-c.+~]{1,4})?$/);
  it('is an order: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
        const [low, middle, high] = [a, b, c].sort(compareVersions) as [string, string, string];
        expect(compareVersions(low, high)).toBeLessThanOrEqual(0);
        expect(compareVersions(low, middle)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
