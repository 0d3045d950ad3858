import type { Digest } from '@colophon/core';
import type { CandidateSource } from '../candidate/candidate.ts';
import type { Statement } from '../policy/statement.ts';
import type { VerifiedEntry, VerifiedSigner } from '../verify/signer.ts';
import type { Check } from './checks.ts';

/** What became of one candidate. */
export interface CandidateReport {
  readonly source: CandidateSource;
  readonly verdict: 'passed' | 'failed';
  /** The first check that failed, or that all passed. */
  readonly reason: string;
  readonly checks: readonly Check[];
  readonly signers: readonly VerifiedSigner[];
  readonly entries: readonly VerifiedEntry[];
  /** Only if the candidate passed: nobody should read what is not proven. */
  readonly predicateType?: string;
  readonly statement?: Statement;
}

export interface Report {
  readonly subject: { readonly reference: string; readonly digest: Digest };
  readonly verdict: 'passed' | 'failed';
  /** Why. */
  readonly reason: string;
  /** What proves it: the candidates that passed, no others. */
  readonly passed: readonly CandidateReport[];
  /** Everything that was found, each with its reason. */
  readonly candidates: readonly CandidateReport[];
}

/** The verdict over all candidates: as many different signers as the policy wants each have one that passed. */
export function reportOf(subject: Report['subject'], candidates: readonly CandidateReport[], threshold: number): Report {
  const passed = candidates.filter(({ verdict }) => verdict === 'passed');
  const signers = new Set(passed.flatMap((candidate) => candidate.signers.map(signerName)));
  const verdict = signers.size >= threshold && passed.length > 0 ? 'passed' : 'failed';
  return { subject, verdict, reason: reasonOf(verdict, candidates, passed.length, signers.size, threshold), passed, candidates };
}

/** One identity is one signer, however many certificates it got. */
function signerName(signer: VerifiedSigner): string {
  return signer.kind === 'key' ? `key ${signer.keySha256}` : `identity ${signer.issuer ?? ''} ${signer.subjects.join(' ')}`;
}

function reasonOf(verdict: string, candidates: readonly CandidateReport[], passed: number, signers: number, threshold: number): string {
  if (candidates.length === 0) return 'no signature or attestation was found';
  if (verdict === 'passed') return `${passed} of ${candidates.length} found passed every check`;
  if (passed > 0) return `${signers} signers passed, the policy wants ${threshold}`;
  const [only] = candidates;
  return candidates.length === 1 && only !== undefined
    ? only.reason
    : `none of the ${candidates.length} found passed; see each one's reason`;
}
