import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBundle, parseEntryBundle, parseTilePath, tileNumber, tilePath, tileWidthAt } from '../../src/tiles/layout.ts';

describe('C2SP tlog-tiles paths', () => {
  it('numbers in groups of three', () => {
    expect(tileNumber(0)).toBe('000');
    expect(tileNumber(1234067)).toBe('x001/x234/067');
    expect(tilePath(1, 5, 3)).toBe('tile/1/005.p/3');
  });

  it('reads what it writes, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), fc.nat({ max: 2 ** 40 }), fc.integer({ min: 1, max: 256 }), (level, n, width) => {
        expect(parseTilePath(tilePath(level, n, width).slice('tile/'.length))).toEqual({ kind: 'tile', level, n, width });
      }),
    );
    for (const path of [
      '0/1',
      '0/0001',
      '00/001',
      '64/001',
      '0/x000/001',
      '0/001.p/0',
      '0/001.p/256',
      '0/001.p/01',
      '../001',
      'entries/../../x',
      '-1/001',
    ]) {
      expect(parseTilePath(path), path).toBeUndefined();
    }
  });

  it('widths of the right edge', () => {
    expect(tileWidthAt(0, 0, 256)).toBe(256);
    expect(tileWidthAt(0, 1, 300)).toBe(44);
    expect(tileWidthAt(1, 0, 300)).toBe(1);
    expect(tileWidthAt(1, 0, 255)).toBe(0);
    expect(tileWidthAt(2, 0, 70000)).toBe(1);
  });
});

describe('entry bundles', () => {
  it('round trip, and no cut passes unseen', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 }), fc.nat(), (entries, seed) => {
        const bundle = encodeBundle(entries);
        expect(parseEntryBundle(bundle)).toEqual(entries.map((entry) => Buffer.from(entry)));
        const cut = bundle.subarray(0, seed % bundle.length);
        let found: Buffer[] | undefined;
        try {
          found = parseEntryBundle(cut);
        } catch {
          found = undefined;
        }
        expect(found?.length ?? -1).toBeLessThan(entries.length);
      }),
    );
  });
});
