import { describe, expect, it } from 'vitest';
import type { CandidateReport, CheckName } from '@colophon/verify';
import { verifyExit } from '../../src/commands/verify/exit.ts';

const candidate = (...failed: CheckName[]): CandidateReport => ({
  source: { kind: 'bundle', where: 'x' },
  verdict: failed.length === 0 ? 'passed' : 'failed',
  reason: '',
  checks: [
    { name: 'format', outcome: 'passed', message: '' },
    ...failed.map((name) => ({ name, outcome: 'failed' as const, message: '' })),
  ],
  signers: [],
  entries: [],
});
const exit = (...candidates: CandidateReport[]) => verifyExit({ verdict: 'failed', candidates });

describe('exit codes of verify', () => {
  it('0 only for a verdict that passed', () => {
    expect(verifyExit({ verdict: 'passed', candidates: [candidate('signature'), candidate()] })).toBe(0);
    // A threshold of two signers, and one passed.
    expect(exit(candidate())).toBe(5);
  });

  it('3 for nothing', () => expect(exit()).toBe(3));

  it('5 for what is genuine but not what was asked for', () => {
    for (const name of ['builder', 'source', 'distrust', 'identity'] as const)
      expect(exit(candidate('signature'), candidate(name))).toBe(5);
    expect(exit(candidate('predicate-type'), candidate('predicate-type'))).toBe(5);
  });

  it('6 for what is broken, though something of another type is genuine', () => {
    for (const name of ['signature', 'inclusion', 'checkpoint', 'entry-timestamp', 'log-entry', 'key', 'format', 'subject'] as const) {
      expect(exit(candidate(name), candidate('predicate-type'))).toBe(6);
      expect(exit(candidate(name, 'source'))).toBe(6);
    }
  });
});
