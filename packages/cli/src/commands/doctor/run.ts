import { doctor, type Finding } from '@colophon/runner';
import { dataDirectory } from '../../client/api.ts';
import { enabled, type Handler } from '../../command/command.ts';
import { printable, table } from '../../output/table.ts';
import type { Theme } from '../../output/theme.ts';
import { version } from '../../version.ts';
import { archiveFindings } from './archive.ts';
import { clockFinding } from './clock.ts';
import { dataFindings, existingParent } from './data.ts';
import { serverFindings } from './server.ts';

export const run: Handler = async (invocation) => {
  const data = dataDirectory(invocation);
  const step = invocation.output.step('Looking at this machine');
  const [machine, directory, archive, server] = await Promise.all([
    doctor({ data: await existingParent(data) }),
    dataFindings(data),
    archiveFindings(!enabled(invocation, 'offline')),
    serverFindings(invocation),
  ]);
  const findings: Finding[] = [
    ...machine,
    ...directory,
    await clockFinding(data, [...archive.dates, ...server.dates]),
    ...archive.findings,
    ...server.findings,
  ];
  step.done();
  const missing = findings.filter(({ state }) => state === 'missing').length;
  return {
    data: { colophon: version(), platform: `${process.platform}/${process.arch}`, data, missing, findings },
    text: ({ theme }) =>
      `${findingsText(findings, theme)}\n${missing === 0 ? 'Nothing that builds need is missing.' : `${missing} missing.`}`,
    exit: missing === 0 ? 0 : 1,
  };
};

function findingsText(findings: readonly Finding[], theme: Theme): string {
  const marks = { good: theme.marks.passed, limited: theme.warn('!'), missing: theme.marks.failed };
  const rows = findings.map(({ name, state, found }) => [marks[state], name, state, printable(found).replaceAll('\n', ' ')]);
  const lines = table([['', 'WHAT', 'STATE', 'FOUND'], ...rows]).split('\n');
  // Advice stands below its line.
  return [
    lines[0],
    ...findings.flatMap(({ advice }, index) => [lines[index + 1], ...(advice === undefined ? [] : [`     → ${printable(advice)}`])]),
  ].join('\n');
}
