import { canonicalJsonBytes, compareBytewise } from '@colophon/core';
import type { InTotoStatement, Subject } from './types.ts';

/** The bytes that get signed: RFC 8785. */
export function statementBytes(statement: InTotoStatement): Buffer {
  return canonicalJsonBytes(statement);
}

/** Subjects by name, then digest, each once: the order does not depend on the order in which a run pushed. */
export function sortSubjects(subjects: readonly Subject[]): Subject[] {
  const byKey = new Map(subjects.map((subject) => [canonicalJsonBytes([subject.name ?? '', subject.digest]).toString(), subject]));
  return [...byKey].sort(([left], [right]) => compareBytewise(left, right)).map(([, subject]) => subject);
}
