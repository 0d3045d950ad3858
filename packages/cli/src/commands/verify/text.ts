import type { CandidateReport, Check, VerifiedSigner } from '@colophon/verify';
import type { Theme } from '../../output/theme.ts';
import { printable } from '../../output/table.ts';
import { statementLines } from '../../words/statement-text.ts';
import type { TrustAnchor } from '../../trust/trust.ts';
import type { Verification } from './verify.ts';

/** The report for a person: verdict, what is proven in words, on whose word, then every check. */
export function verificationText(verification: Verification, theme: Theme, allPackages = false): string {
  const { report, verified, says, anchors } = verification;
  const image = `${printable(report.subject.reference.replace(/[:@][^/]*$/, ''))}@${report.subject.digest}`;
  const head = verified
    ? `${theme.marks.passed} ${theme.bold(theme.good('verified'))} ${image}`
    : `${theme.marks.failed} ${theme.bold(theme.bad('not verified'))} ${image}\n  ${printable(report.reason)}`;
  return [
    head,
    ...says.flatMap((words) => [
      ...(verified ? [] : [`  ${theme.warn('UNVERIFIED: it is claimed, and not proven, that')}`]),
      ...statementLines(words, theme, allPackages).map((line) => `  ${line}`),
    ]),
    ...(verified && says.every(({ builder }) => builder === undefined)
      ? [`  ${theme.warn('how it was built is not proven:')} no provenance passed`]
      : []),
    ...proofLines(report.passed, theme),
    ...anchors.map((anchor) => `  ${theme.dim('trusting'.padEnd(14))}${anchorText(anchor, theme)}`),
    ...(anchors.length === 0 ? [`  ${theme.dim('trusting'.padEnd(14))}nobody: give --key, --trusted-root, --policy or --server`] : []),
    '',
    ...report.candidates.flatMap((candidate) =>
      verified && isAnotherKind(candidate) ? [otherLine(candidate, theme)] : candidateLines(candidate, theme),
    ),
  ].join('\n');
}

/** An entry that came with its proof in one form and as the log's promise in another is proven. */
function proofLines(passed: readonly CandidateReport[], theme: Theme): string[] {
  const signers = new Set(passed.flatMap((one) => one.signers.map(signerText)));
  const entries = new Map<number, { time: string; included: boolean }>();
  for (const { logIndex, integratedTime, included } of passed.flatMap((one) => one.entries)) {
    entries.set(logIndex, {
      time: integratedTime === undefined ? '' : `, ${integratedTime}`,
      included: included || entries.get(logIndex)?.included === true,
    });
  }
  return [
    ...[...signers].map((signer) => ['signed by', signer] as const),
    ...[...entries].map(
      ([index, { time, included }]) => ['logged', `index ${index}${time}${included ? '' : ' (promised, not proven)'}`] as const,
    ),
  ].map(([label, words]) => `  ${theme.dim(label.padEnd(14))}${printable(words)}`);
}

function signerText(signer: VerifiedSigner): string {
  return signer.kind === 'key' ? `key sha256:${signer.keySha256}` : `${signer.subjects.join(', ')} (${signer.issuer ?? 'no issuer'})`;
}

export function anchorText({ what, from, basis, sha256 }: TrustAnchor, theme: Theme): string {
  const hash = sha256 === undefined ? '' : ` sha256:${sha256.slice(0, 16)}…`;
  const why =
    basis === 'given'
      ? `from ${printable(from)}`
      : basis === 'local'
        ? `of this machine’s server, ${printable(from)}`
        : `of ${printable(from)}, ${theme.warn('trust on first use')}: it serves the image too`;
  return `${what}${hash} ${why}`;
}

/** Genuine, but of a kind that was not asked for: beside a proof it needs no more than a line. */
function isAnotherKind({ verdict, checks }: CandidateReport): boolean {
  const failed = checks.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
  return (
    verdict !== 'passed' &&
    failed.includes('predicate-type') &&
    failed.every((name) => ['predicate-type', 'source', 'builder'].includes(name))
  );
}

function otherLine({ source, checks }: CandidateReport, theme: Theme): string {
  const found = checks.find(({ name }) => name === 'predicate-type')?.found;
  return `${theme.marks.skipped} ${theme.dim(`${kindOf(source)} ${printable(source.where).slice(0, 100)}: ${printable(shorten(found ?? 'another kind'))}, genuine, not what was asked for`)}`;
}

function kindOf({ kind }: CandidateReport['source']): string {
  return { bundle: 'bundle', 'legacy-signature': 'signature (cosign 2)', 'legacy-attestation': 'attestation (cosign 2)' }[kind];
}

function candidateLines({ source, verdict, reason, checks, predicateType }: CandidateReport, theme: Theme): string[] {
  const mark = verdict === 'passed' ? theme.marks.passed : theme.marks.failed;
  const what = kindOf(source);
  const head = `${mark} ${what} ${printable(source.where).slice(0, 100)}${predicateType === undefined ? '' : theme.dim(` ${printable(predicateType)}`)}`;
  return [head, ...(verdict === 'passed' ? [] : [`    ${printable(reason)}`]), ...checks.map((check) => `    ${checkLine(check, theme)}`)];
}

function checkLine({ name, outcome, message, expected, found }: Check, theme: Theme): string {
  const line = `${theme.marks[outcome]} ${name.padEnd(16)}${printable(message)}`;
  if (outcome !== 'failed') return line;
  const detail = (label: string, value: unknown) => (value === undefined ? '' : `\n        ${label} ${printable(shorten(value))}`);
  return `${line}${detail('expected', expected)}${detail('found   ', found)}`;
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
