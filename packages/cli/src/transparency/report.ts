import type { InTotoStatement } from '@colophon/attest';
import { printable } from '../output/table.ts';
import type { Theme } from '../output/theme.ts';
import type { RekorEntry } from './entry.ts';
import { proveEntry, type Proof } from './prove.ts';
import type { Rekor } from './rekor.ts';
import { digestIn, signersOf, type EntrySigner } from './signers.ts';
import { statementWords, type Words } from './words.ts';

/** An entry with its proofs and in words. */
export interface EntryReport {
  readonly uuid: string;
  readonly logIndex: number;
  readonly integratedTime: string;
  readonly kind: string;
  readonly verdict: 'proven' | 'unproven';
  readonly proofs: readonly Proof[];
  readonly signers: readonly EntrySigner[];
  readonly digest?: string;
  readonly statement?: InTotoStatement;
  readonly body: unknown;
}

/** The words are kept beside the data: they are for people only. */
export interface ReportedEntry {
  readonly report: EntryReport;
  readonly words: Words;
}

/** `extra`: what else must hold of the entry, for whom it was asked. */
export function reportEntry(entry: RekorEntry, rekor: Rekor, extra: readonly Proof[] = []): ReportedEntry {
  const proofs = [...proveEntry(entry, rekor.key), ...extra];
  const digest = digestIn(entry);
  // Words of an attestation that is not the entry's own would be a stranger's words under the log's name.
  const sound = proofs.find(({ name }) => name === 'attestation')?.outcome === 'passed';
  const { statement, words } =
    entry.attestation !== undefined && sound ? statementWords(entry.attestation) : { statement: undefined, words: [] };
  return {
    report: {
      uuid: entry.uuid,
      logIndex: entry.logIndex,
      integratedTime: new Date(entry.integratedTime * 1000).toISOString(),
      kind: `${entry.parsed.kind} ${entry.parsed.apiVersion}`,
      verdict: proofs.some(({ outcome }) => outcome === 'failed') ? 'unproven' : 'proven',
      proofs,
      signers: signersOf(entry),
      ...(digest === undefined ? {} : { digest }),
      ...(statement === undefined ? {} : { statement }),
      body: entry.parsed,
    },
    words,
  };
}

export function entryText({ report, words }: ReportedEntry, theme: Theme): string {
  const marks = { passed: theme.marks.passed, failed: theme.marks.failed, skipped: theme.marks.skipped };
  const lines: (readonly [string, string])[] = [
    ['id', report.uuid],
    ['logged', report.integratedTime],
    ...report.signers.map((signer) => ['signed by', signerText(signer)] as const),
    ...(report.digest === undefined ? [] : [['digest', report.digest] as const]),
    ...words,
  ];
  return [
    `${report.verdict === 'proven' ? theme.marks.passed : theme.marks.failed} ${theme.bold(`entry ${report.logIndex}`)}  ${printable(report.kind)}  ${report.verdict}`,
    ...lines.map(([label, text]) => `  ${label.padEnd(10)}  ${printable(text).replaceAll('\n', ' ')}`),
    ...report.proofs.map(({ name, outcome, message }) => `  ${marks[outcome]} ${name}: ${printable(message)}`),
  ].join('\n');
}

function signerText({ kind, sha256, algorithm, names }: EntrySigner): string {
  return [kind, algorithm, sha256 === undefined ? undefined : `sha256:${sha256}`, names].filter((part) => part !== undefined).join(' ');
}

/** Whose key the proofs were held against. */
export function keyText(rekor: Rekor, theme: Theme): string {
  const own = rekor.keyIsGiven ? '' : '; the log’s own word: give --log-key to hold it against a key that you know';
  return theme.dim(`log ${rekor.url}, key from ${rekor.keySource}${own}`);
}

export function logFacts({ url, keySource, keyIsGiven }: Rekor): object {
  return { url, key: { source: keySource, given: keyIsGiven } };
}
