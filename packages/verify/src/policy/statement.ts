import { parseDigest, type Digest } from '@colophon/core';
import { inTotoPayloadType, isProvenance, parseStatement, readProvenance, type InTotoStatement, type Provenance } from '@colophon/attest';
import { failed, type Finding } from '../report/checks.ts';
import type { Expectations } from './expectations.ts';

export type Statement = InTotoStatement<Record<string, unknown>>;

/** The statement of a verified payload. Throws VERIFY_CHECK_FAILED, ATTEST_STATEMENT_INVALID. */
export function statementOf(payloadType: string, payload: Uint8Array): Statement {
  if (payloadType !== inTotoPayloadType) throw failed('the envelope holds no in-toto statement', inTotoPayloadType, payloadType);
  return parseStatement(payload, { allowChains2021: true });
}

/** The statement is about this image. */
export function checkSubject({ subject = [] }: Statement, digest: Digest): Finding<true> {
  const { algorithm, hex } = parseDigest(digest);
  const found = subject.map((item) => item.digest[algorithm] ?? null);
  if (!found.includes(hex))
    throw failed(
      'the statement is about something else',
      digest,
      subject.map((item) => item.digest),
    );
  return { value: true, message: 'the statement names the image', found: digest };
}

export function checkPredicateType({ predicateType }: Statement, expected: readonly string[]): Finding<true> {
  if (!expected.includes(predicateType)) throw failed('the statement is of another predicate type', expected, predicateType);
  return { value: true, message: 'the statement has the expected predicate type', expected, found: predicateType };
}

export function provenanceOf(statement: Statement): Provenance | undefined {
  return isProvenance(statement.predicateType) ? readProvenance(statement) : undefined;
}

export function checkBuilder(provenance: Provenance | undefined, expected: string): Finding<true> {
  const found = provenance?.builderId;
  const fits = found !== undefined && (found === expected || (expected.endsWith('/') && found.startsWith(expected)));
  if (!fits) throw failed('the image was built by another builder, or the statement does not say', expected, found);
  return { value: true, message: 'built by the expected builder', expected, found };
}

/** Some dependency is the source, at the commit if one is expected: both in the same one. */
export function checkSource(provenance: Provenance | undefined, { sourceUri, sourceCommit }: Expectations): Finding<true> {
  const all = [...(provenance?.dependencies ?? []), ...(provenance?.configSource === undefined ? [] : [provenance.configSource])];
  const fits = all.some(({ uri = '', digest = {} }) => {
    const uriFits = sourceUri === undefined || plainUri(uri) === plainUri(sourceUri);
    const commits = [digest['gitCommit'], digest['sha1'], digest['sha256']];
    return uriFits && (sourceCommit === undefined || (isSource(uri) && commits.includes(sourceCommit)));
  });
  const expected = {
    ...(sourceUri === undefined ? {} : { uri: sourceUri }),
    ...(sourceCommit === undefined ? {} : { commit: sourceCommit }),
  };
  if (!fits) {
    throw failed(
      'the image was not built from the expected source, or the statement does not say',
      expected,
      all.filter(({ uri = '' }) => isSource(uri)).map(({ uri, digest }) => ({ uri, digest })),
    );
  }
  return { value: true, message: 'built from the expected source', expected };
}

/** Packages and images are dependencies too; a commit is only looked for in what is a source. */
function isSource(uri: string): boolean {
  return !/^(?:pkg|oci|docker):/.test(uri);
}

/** `git+https://host/path.git@refs/heads/main` and `https://host/path` are one source. */
function plainUri(uri: string): string {
  const [plain = ''] = uri.replace(/^git\+/, '').split('#');
  const slash = plain.indexOf('/', plain.indexOf('://') + 3);
  const at = plain.indexOf('@', Math.max(slash, 0));
  return (at < 0 ? plain : plain.slice(0, at)).replace(/\/$/, '').replace(/\.git$/, '');
}
