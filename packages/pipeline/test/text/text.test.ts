import { describe, expect, it } from 'vitest';
import { milliseconds } from '@colophon/pipeline';
import { childName } from '../../src/text/child-name.ts';
import { formatDuration, readDuration } from '../../src/text/duration.ts';
import { quote } from '../../src/text/quote.ts';

describe('durations, as Go reads and writes them', () => {
  it.each([
    ['1h30m', '1h30m0s'],
    ['1.5s', '1.5s'],
    ['300ms', '300ms'],
    ['-2m', '-2m0s'],
    ['0', '0s'],
    ['1h0.5m', '1h0m30s'],
  ])('%s is %s', (text, written) => {
    const read = readDuration(text);
    expect('nanoseconds' in read ? formatDuration(read.nanoseconds) : read.problem).toBe(written);
  });

  it.each([
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['5d', 'time: unknown unit "d" in duration "5d"'],
    ['.s', 'time: invalid duration ".s"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
  ])('%j is none', (text, problem) => {
    expect(readDuration(text)).toEqual({ problem });
  });

  it('gives milliseconds', () => {
    expect(milliseconds('1m0.25s')).toBe(60_250);
  });
});

describe('childName', () => {
  it('joins short names', () => {
    expect(childName('run', '-build')).toBe('run-build');
  });

  it('cuts long ones and keeps the suffix', () => {
    const name = childName('r'.repeat(60), '-build');
    expect(name).toMatch(/^r{25}[0-9a-f]{32}-build$/);
  });

  it('differs for parents that begin alike, and never ends in a dash', () => {
    const names = ['a', 'b'].map((last) => childName('p'.repeat(70) + last, '-task'));
    expect(new Set(names).size).toBe(2);
    expect(childName('p'.repeat(63), `-${'-'.repeat(40)}`)).toMatch(/[a-z0-9]$/);
  });
});

it('quotes as Go does', () => {
  expect(quote('a"b\\c\n\u0001é')).toBe('"a\\"b\\\\c\\n\\x01é"');
});
