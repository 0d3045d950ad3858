import type { CandidateReport, Check } from '@colophon/verify';
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
    ...anchors.map((anchor) => `  ${theme.dim('trusting'.padEnd(12))}${anchorText(anchor, theme)}`),
    ...(anchors.length === 0 ? [`  ${theme.dim('trusting'.padEnd(12))}nobody: give --key, --trusted-root, --policy or --server`] : []),
    '',
    ...report.candidates.flatMap((candidate) => candidateLines(candidate, theme)),
  ].join('\n');
}

function proofLines(passed: readonly CandidateReport[], theme: Theme): string[] {
  const lines = new Set<string>();
  for (const { signers, entries } of passed) {
    for (const signer of signers)
      lines.add(
        `signed by   ${signer.kind === 'key' ? `key sha256:${signer.keySha256}` : `${signer.subjects.join(', ')} (${signer.issuer ?? 'no issuer'})`}`,
      );
    for (const { logIndex, integratedTime, included } of entries)
      lines.add(
        `logged      index ${logIndex}${integratedTime === undefined ? '' : `, ${integratedTime}`}${included ? '' : ' (promised, not proven)'}`,
      );
  }
  return [...lines].map((line) => `  ${theme.dim(line.slice(0, 12))}${printable(line.slice(12))}`);
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

function candidateLines({ source, verdict, reason, checks, predicateType }: CandidateReport, theme: Theme): string[] {
  const mark = verdict === 'passed' ? theme.marks.passed : theme.marks.failed;
  const what = { bundle: 'bundle', 'legacy-signature': 'signature (cosign 2)', 'legacy-attestation': 'attestation (cosign 2)' }[
    source.kind
  ];
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
