import { digestOf, type Digest } from '@colophon/core';
import { bundleCandidate } from '../candidate/read.ts';
import { defaultPolicy, type Policy } from '../policy/policy.ts';
import type { CandidateReport } from '../report/report.ts';
import type { Trust } from '../trust/trust.ts';
import { verifyCandidate } from './verify-candidate.ts';

export interface VerifyBundleOptions {
  readonly bundle: Uint8Array;
  /** What it must be about: the bytes, or their digest alone. */
  readonly artifact: Uint8Array | Digest;
  readonly trust: Trust;
  readonly policy?: Policy;
}

/** Verifies a Sigstore bundle against an artifact, without any network. */
export function verifyBundle({ bundle, artifact, trust, policy = defaultPolicy }: VerifyBundleOptions): CandidateReport {
  const subject = typeof artifact === 'string' ? { digest: artifact } : { digest: digestOf(artifact), bytes: Buffer.from(artifact) };
  return verifyCandidate(bundleCandidate(bundle, 'bundle'), subject, trust, policy);
}
