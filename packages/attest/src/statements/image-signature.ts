import { checkStatement } from '../statement/parse.ts';
import { predicateTypes, statementTypes, type InTotoStatement } from '../statement/types.ts';

/** What cosign 3 signs for `cosign sign IMAGE`: a statement with an empty predicate; signed annotations stand at the subject. */
export function imageSignatureStatement(digest: `sha256:${string}`, annotations: Readonly<Record<string, string>> = {}): InTotoStatement {
  const sha256 = digest.slice('sha256:'.length);
  return checkStatement({
    _type: statementTypes.v1,
    predicateType: predicateTypes.cosignSign,
    subject: [{ digest: { sha256 }, annotations }],
    predicate: {},
  });
}
