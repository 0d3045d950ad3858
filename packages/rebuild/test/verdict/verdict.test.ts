import { describe, expect, it } from 'vitest';
import { acceptable, exitOf, rebuildExits, type RebuildVerdict } from '../../src/index.ts';

describe('exit codes', () => {
  const verdicts = Object.keys(rebuildExits) as RebuildVerdict[];

  it('are 0 for digest-identical alone, and each their own', () => {
    expect(verdicts.filter((verdict) => exitOf(verdict) === 0)).toEqual(['digest-identical']);
    expect(new Set(Object.values(rebuildExits)).size).toBe(verdicts.length);
  });

  it('accept what is as good as the level asked for, and nothing that is no image verdict', () => {
    expect(acceptable.map((level) => verdicts.filter((verdict) => exitOf(verdict, level) === 0))).toEqual([
      ['digest-identical'],
      ['digest-identical', 'diffid-identical'],
      ['digest-identical', 'diffid-identical', 'content-identical'],
    ]);
  });
});
