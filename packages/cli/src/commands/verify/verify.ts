import type { InTotoStatement } from '@colophon/attest';
import { isColophonError } from '@colophon/core';
import { dockerCredentials } from '@colophon/oci';
import { verifyImage, type Expectations, type Policy, type Report } from '@colophon/verify';
import { cliErrors } from '../../errors.ts';
import { statementWords, type StatementWords } from '../../words/statement.ts';
import type { ResolvedTrust, TrustAnchor } from '../../trust/trust.ts';
import { unverifiedStatements } from './claims.ts';
import { verifyExit } from './exit.ts';
import type { Target } from './target.ts';

export interface VerifyRequest {
  readonly target: Target;
  readonly trust: ResolvedTrust;
  readonly policy: Policy;
  readonly expect: Expectations;
  readonly bundles?: readonly Uint8Array[];
  readonly offline?: boolean;
}

/** The report of the verify room, with what it rests on and what it says in words. */
export interface Verification {
  readonly report: Report;
  readonly anchors: readonly TrustAnchor[];
  /** What the proven statements say; where nothing is proven, what was claimed. */
  readonly verified: boolean;
  readonly says: readonly StatementWords[];
  /** The proven statements themselves. */
  readonly statements: readonly InTotoStatement[];
  readonly exit: number;
}

export async function verifyTarget({ target, trust, policy, expect, bundles = [], offline = false }: VerifyRequest): Promise<Verification> {
  const report = await reportOf(() =>
    verifyImage({ ...target, trust: trust.options, policy, expect, bundles, offline, registry: { credentials: dockerCredentials() } }),
  );
  const verified = report.verdict === 'passed';
  const statements = verified ? distinct(report.passed.flatMap(({ statement }) => (statement === undefined ? [] : [statement]))) : [];
  const shown = verified ? statements : await unverifiedStatements(target, report, bundles);
  return { report, anchors: trust.anchors, verified, says: shown.map(statementWords), statements, exit: verifyExit(report) };
}

/** A registry that does not know the image at all is "nothing found", not a failure of the program. */
async function reportOf(verify: () => Promise<Report>): Promise<Report> {
  try {
    return await verify();
  } catch (error) {
    if (isColophonError(error) && error.code === 'OCI_NOT_FOUND') throw cliErrors.error('CLI_NOT_FOUND', error.message, { cause: error });
    throw error;
  }
}

/** Both storage forms carry the same envelope: one statement is said once. */
function distinct(statements: readonly InTotoStatement[]): InTotoStatement[] {
  return [...new Map(statements.map((statement) => [JSON.stringify(statement), statement])).values()];
}
