import { sortSubjects } from '../statement/canonical.ts';
import { checkStatement } from '../statement/parse.ts';
import { predicateTypes, statementTypes, type InTotoStatement, type Subject } from '../statement/types.ts';

/** States that an SPDX 2.3 document (JSON) describes the subjects (in-toto attestation, spec/predicates/spdx.md). */
export function spdxStatement(subjects: readonly Subject[], document: Readonly<Record<string, unknown>>): InTotoStatement {
  return checkStatement({
    _type: statementTypes.v1,
    predicateType: predicateTypes.spdx,
    subject: sortSubjects(subjects),
    predicate: document,
  });
}
