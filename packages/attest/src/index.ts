export { attestErrors } from './errors.ts';
export { inTotoPayloadType, predicateTypes, statementTypes } from './statement/types.ts';
export type { DigestSet, InTotoStatement, ResourceDescriptor, Subject } from './statement/types.ts';
export { checkStatement, parseStatement } from './statement/parse.ts';
export type { StatementRules } from './statement/parse.ts';
export { sortSubjects, statementBytes } from './statement/canonical.ts';
