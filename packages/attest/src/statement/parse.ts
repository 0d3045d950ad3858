import { parseJson } from '@colophon/core';
import { attestErrors } from '../errors.ts';
import { checkDescriptor, type Where } from './descriptor.ts';
import { isRecord } from '../record.ts';
import { predicateTypes, statementTypes } from './types.ts';
import type { InTotoStatement, Subject } from './types.ts';

export interface StatementRules {
  /** A statement about nothing, as Chains writes one for a run that made no artifact. Default: refused. */
  readonly allowNoSubject?: boolean;
  /** Chains' 2021 format, whose `_type` is the name of a task. Default: refused. */
  readonly allowChains2021?: boolean;
}

const members = new Set(['_type', 'subject', 'predicateType', 'predicate']);
const kubernetesName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/**
 * Reads a statement that a stranger wrote: exactly the four members, a known `_type`, an absolute predicateType URI,
 * and subjects with well-formed digests. The predicate is any JSON object; `readProvenance` and the like judge it.
 * Throws ATTEST_STATEMENT_INVALID or CORE_JSON_INVALID.
 */
export function parseStatement(data: Uint8Array | string, rules: StatementRules = {}): InTotoStatement<Record<string, unknown>> {
  return checkStatement(parseJson(data, 'the statement'), rules);
}

/** The same rules for a value that is already parsed. Returns the value itself. */
export function checkStatement(value: unknown, rules: StatementRules = {}): InTotoStatement<Record<string, unknown>> {
  if (!isRecord(value)) throw invalid('is not a JSON object');
  for (const member of Object.keys(value)) if (!members.has(member)) throw invalid(`has an unknown member ${JSON.stringify(member)}`);
  const { predicateType, predicate, subject } = value;
  if (typeof predicateType !== 'string' || !isUri(predicateType)) throw invalid('has no predicateType that is a URI');
  checkType(value['_type'], predicateType, rules);
  if (!isRecord(predicate)) throw invalid('has a predicate that is not an object');
  if (subject === undefined || (Array.isArray(subject) && subject.length === 0)) {
    if (rules.allowNoSubject !== true) throw invalid('names no subject');
  } else {
    if (!Array.isArray(subject)) throw invalid('has a subject that is not an array');
    subject.forEach((item, index) => checkSubject(item, { path: `subject[${index}]`, fail: invalid }));
  }
  return value as unknown as InTotoStatement<Record<string, unknown>>;
}

function checkType(type: unknown, predicateType: string, rules: StatementRules): void {
  if (type === statementTypes.v01 || type === statementTypes.v1) return;
  if (rules.allowChains2021 && predicateType === predicateTypes.chains2021 && typeof type === 'string' && kubernetesName.test(type)) return;
  throw invalid(`is of the unknown type ${JSON.stringify(type)}`.slice(0, 300));
}

function checkSubject(value: unknown, where: Where): asserts value is Subject {
  const descriptor = checkDescriptor(value, where);
  if (descriptor.digest === undefined) throw where.fail(`names ${where.path} without a digest`);
}

function isUri(text: string): boolean {
  return text.length <= 2048 && /^[a-z][a-z0-9+.-]*:[\u0021-\u007e]+$/i.test(text);
}

function invalid(what: string): Error {
  return attestErrors.error('ATTEST_STATEMENT_INVALID', `the statement ${what}`);
}
