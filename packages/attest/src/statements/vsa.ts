import { sortSubjects } from '../statement/canonical.ts';
import { checkStatement } from '../statement/parse.ts';
import { predicateTypes, statementTypes, type InTotoStatement, type ResourceDescriptor, type Subject } from '../statement/types.ts';

/** SLSA verification summary, spec v1.1, "Verification Summary Attestation (VSA)". */
export interface VerificationSummary {
  readonly verifier: { readonly id: string; readonly version?: Readonly<Record<string, string>> };
  /** RFC 3339. */
  readonly timeVerified: string;
  /** The artifact as its user names it, without a digest where it moves. */
  readonly resourceUri: string;
  readonly policy: ResourceDescriptor;
  readonly inputAttestations?: readonly ResourceDescriptor[];
  readonly verificationResult: 'PASSED' | 'FAILED';
  /** `SLSA_BUILD_LEVEL_3` …; `FAILED` where the result is FAILED. */
  readonly verifiedLevels: readonly string[];
  readonly dependencyLevels?: Readonly<Record<string, number>>;
}

export function verificationSummary(subjects: readonly Subject[], summary: VerificationSummary): InTotoStatement {
  return checkStatement({
    _type: statementTypes.v1,
    predicateType: predicateTypes.vsa,
    subject: sortSubjects(subjects),
    predicate: { ...summary, slsaVersion: '1.1' },
  });
}
