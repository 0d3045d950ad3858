import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deflateSegmentAt, segmentSize } from '../../src/encoder/deflate.ts';
import { gzipMember, joinMember } from '../../src/encoder/encoder.ts';
import { gzipShared } from '../../src/work/gzip-shared.ts';
import { goldenInputs } from './golden-inputs.ts';

describe('RFC 1951 and RFC 1952: what is encoded decodes to the same bytes', () => {
  test.each(Object.keys(goldenInputs))('%s, by zlib', (name) => {
    const input = (goldenInputs[name] as () => Uint8Array)();
    expect(gunzipSync(gzipMember(input)).equals(input)).toBe(true);
  });

  test('by gzip, which also checks length and CRC', () => {
    const input = Buffer.concat(Object.values(goldenInputs).map((make) => make()));
    const output = execFileSync('gzip', ['-dc'], { input: gzipMember(input), maxBuffer: 2 ** 26 });
    expect(output.equals(input)).toBe(true);
  });

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), (input) => {
        expect(gunzipSync(gzipMember(input)).equals(input)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('bytes with repetition at any distance', () => {
    const piece = fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 400 }), times: fc.integer({ min: 1, max: 200 }) });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const input = Buffer.concat(pieces.flatMap(({ bytes, times }) => Array.from({ length: times }, () => bytes)));
        expect(gunzipSync(gzipMember(input)).equals(input)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('sizes around the border of a segment', () => {
    for (const size of [segmentSize - 4, segmentSize, segmentSize + 3, 2 * segmentSize]) {
      const input = Buffer.alloc(size, 'colophon ');
      expect(gunzipSync(gzipMember(input)).equals(input)).toBe(true);
    }
  });
});

describe('a pure function of the bytes', () => {
  test('shared with other threads, the same', async () => {
    const input = Buffer.concat([...Object.values(goldenInputs), ...Object.values(goldenInputs)].map((make) => make()));
    const shared = Buffer.from(new SharedArrayBuffer(input.length));
    input.copy(shared);
    const expected = gzipMember(input);
    for (const threads of [0, 1, 3]) expect((await gzipShared(shared, threads)).equals(expected)).toBe(true);
  });

  test('segments in any order, the same', () => {
    const input = (goldenInputs['prose, two segments and 12345'] as () => Uint8Array)();
    const backwards = [2, 1, 0].map((index) => deflateSegmentAt(input, index)).toReversed();
    expect(joinMember(input, backwards).equals(gzipMember(input))).toBe(true);
  });

  test('the same in a view with an offset', () => {
    const input = (goldenInputs['prose, 70000'] as () => Uint8Array)();
    const larger = new Uint8Array(input.length + 100);
    larger.set(input, 37);
    expect(gzipMember(larger.subarray(37, 37 + input.length)).equals(gzipMember(input))).toBe(true);
  });

  test('the header has no time, name or system', () => {
    expect(gzipMember(Buffer.from('x')).subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
  });
});

test('within ten per cent of gzip -6 on a program and on text', () => {
  const program = readFileSync(process.execPath).subarray(0, 3_000_000);
  const text = readFileSync(join(import.meta.dirname, '../../../../package-lock.json'));
  for (const input of [program, text]) expect(gzipMember(input).length).toBeLessThan(gzipSync(input, { level: 6 }).length * 1.1);
});

test('never much larger than its input', () => {
  const input = (goldenInputs['noise, one segment and 1'] as () => Uint8Array)();
  expect(gzipMember(input).length).toBeLessThan(input.length + input.length / 1000 + 100);
});
