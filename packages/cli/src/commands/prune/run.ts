import { prune, serverRuns, type Removed } from '@colophon/server';
import { connect, dataDirectory } from '../../client/api.ts';
import { enabled, number, type Handler } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { bytes, printable, table } from '../../output/table.ts';
import type { Theme } from '../../output/theme.ts';
import { apiObjects } from './api-objects.ts';

const shown = 20;

export const run: Handler = async (invocation) => {
  const keepDays = number(invocation, 'keepDays') ?? 30;
  if (!(keepDays >= 0)) throw cliErrors.error('CLI_USAGE', '--keep-days is a number from 0');
  const dryRun = enabled(invocation, 'dryRun');
  const data = dataDirectory(invocation);
  const objects = serverRuns(data) ? apiObjects(await connect(invocation)) : undefined;
  const step = invocation.output.step(`${dryRun ? 'Looking through' : 'Pruning'} ${data}`);
  const result = await prune({ data, keepDays, dryRun, objects, signal: invocation.signal, onProgress: (part) => step.update(part) });
  step.done();
  return {
    data: { data, dryRun, keepDays, ...result },
    text: ({ theme }) =>
      [
        ...kindsText(result.removed, theme),
        ...result.skipped.map(({ what, why }) => `${theme.marks.skipped} ${printable(what)}: left, ${why}`),
        `${theme.marks.passed} ${dryRun ? 'would free' : 'freed'} ${bytes(result.bytes)}`,
      ].join('\n'),
  };
};

/** A line for each kind, and the first of its members. */
function kindsText(removed: readonly Removed[], theme: Theme): string[] {
  return [...Map.groupBy(removed, ({ kind }) => kind)].flatMap(([kind, members]) => [
    `${theme.bold(`${members.length} ${kind}${members.length === 1 || kind === 'packages' ? '' : 's'}`)}  ${theme.dim(bytes(members.reduce((sum, one) => sum + one.bytes, 0)))}`,
    table(members.slice(0, shown).map(({ name, bytes: size }) => ['  ', printable(name), size === 0 ? '' : bytes(size)])),
    ...(members.length > shown ? [`    and ${members.length - shown} more`] : []),
  ]);
}
