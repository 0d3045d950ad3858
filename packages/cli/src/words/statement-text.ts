import type { Theme } from '../output/theme.ts';
import { printable } from '../output/table.ts';
import type { StatementWords } from './statement.ts';

const shown = 5;

/** Lines of `label  text`, for a person. Everything in it is a stranger's until it is verified. */
export function statementLines(words: StatementWords, theme: Theme, allPackages = false): string[] {
  const lines: string[] = [];
  const line = (label: string, text: string) => void lines.push(`${theme.dim(label.padEnd(14))}${printable(text)}`);
  if (words.builder === undefined) {
    line('statement', words.predicateType);
    return lines;
  }
  line('built by', words.builder);
  if (words.build !== undefined) line('in', words.build);
  for (const { uri, commit } of words.sources) line('source', `${uri} at ${commit}`);
  if (words.sources.length === 0) line('source', 'no source is named');
  packageLines(words, line, allPackages);
  for (const image of words.stepImages) line('steps ran in', image);
  const times = [words.startedOn, words.finishedOn].filter((time) => time !== undefined);
  if (times.length > 0) line('when', times.join(' to '));
  if (words.replayable === false) line('replayable', 'no: the build saw something that its record does not fix');
  return lines;
}

function packageLines(words: StatementWords, line: (label: string, text: string) => void, all: boolean): void {
  const { packages, archiveKeys, snapshots } = words;
  if (packages.length === 0) return;
  const names = packages.map(({ name, version }) => `${name} ${version}`);
  const rest = names.length - shown;
  const snapshot = snapshots.length === 0 ? '' : `, archive of ${snapshots.join(', ')}`;
  line('packages', `${packages.length} from Debian${snapshot}`);
  if (all)
    for (const { name, version, signedBy } of packages)
      line('', `${name} ${version}${signedBy.length === 0 ? ' (by the lock alone)' : ''}`);
  else line('', `${names.slice(0, shown).join(', ')}${rest > 0 ? ` and ${rest} more (--packages shows all)` : ''}`);
  const unsigned = packages.filter(({ signedBy }) => signedBy.length === 0).length;
  for (const { fingerprint, packages: count } of archiveKeys)
    line('vouched by', `archive key ${fingerprint}, for ${count === packages.length ? 'all' : count} of them`);
  if (unsigned > 0) line('vouched by', `the lock's hash alone, for ${unsigned} of them: the archive had moved on`);
}
