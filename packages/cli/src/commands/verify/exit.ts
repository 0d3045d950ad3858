import type { CandidateReport, Report } from '@colophon/verify';

/** Checks that say what the signer said, or who may sign; the others say that nobody tampered. */
const policyChecks = new Set(['predicate-type', 'builder', 'source', 'distrust', 'identity']);

/**
 * 0 verified; 3 nothing was found; 5 something is genuine, but not what was asked for; 6 a signature or proof is invalid. Something genuine of
 * another type (a signature, where a statement was asked for) says nothing about the statement: what is broken comes first then.
 */
export function verifyExit({ verdict, candidates }: Pick<Report, 'verdict' | 'candidates'>): 0 | 3 | 5 | 6 {
  if (verdict === 'passed') return 0;
  if (candidates.length === 0) return 3;
  const failures = candidates.map(failedChecks);
  if (failures.some((names) => names.every((name) => policyChecks.has(name) && name !== 'predicate-type'))) return 5;
  if (failures.some((names) => names.some((name) => !policyChecks.has(name)))) return 6;
  return 5;
}

/** None, of a candidate that passed: then the threshold was not met, which is policy. */
function failedChecks({ checks }: CandidateReport): string[] {
  return checks.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
}
