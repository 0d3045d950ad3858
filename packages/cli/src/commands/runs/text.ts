import { ago, printable, table } from '../../output/table.ts';
import type { Theme } from '../../output/theme.ts';
import { condition, taskName, type Run } from '../../kube/objects.ts';

export function mark(run: Run, theme: Theme): string {
  const { status } = condition(run);
  return status === 'True' ? theme.marks.passed : status === 'False' ? theme.marks.failed : theme.marks.skipped;
}

export function duration(run: Run): string {
  const { startTime, completionTime } = run.status ?? {};
  if (startTime === undefined) return '';
  return ago(startTime, completionTime === undefined ? Date.now() : Date.parse(completionTime));
}

export function runsTable(runs: readonly Run[], theme: Theme): string {
  if (runs.length === 0) return 'No runs.';
  const rows = runs.map((run) => [
    mark(run, theme),
    `${run.kind.toLowerCase()}/${run.metadata.name}`,
    condition(run).reason,
    ago(run.metadata.creationTimestamp),
    duration(run),
  ]);
  return table([['', 'NAME', 'REASON', 'AGE', 'DURATION'], ...rows]);
}

/** A run in words: how it ended, its results, its tasks and steps. */
export function runText(run: Run, theme: Theme, taskRuns: readonly Run[] = []): string {
  const { reason, message } = condition(run);
  const lines = [`${mark(run, theme)} ${theme.bold(`${run.kind} ${run.metadata.name}`)}  ${reason}  ${theme.dim(duration(run))}`];
  if (message !== '') lines.push(`  ${printable(message)}`);
  for (const { name, value } of run.status?.results ?? [])
    lines.push(`  ${name}: ${printable(typeof value === 'string' ? value.trim() : JSON.stringify(value))}`);
  for (const taskRun of taskRuns) {
    lines.push(`  ${mark(taskRun, theme)} ${taskName(taskRun)}  ${condition(taskRun).reason}  ${theme.dim(duration(taskRun))}`);
    for (const step of taskRun.status?.steps ?? []) {
      const state =
        step.terminated === undefined
          ? step.running === undefined
            ? 'waiting'
            : 'running'
          : `${step.terminated.reason} (${step.terminated.exitCode})`;
      lines.push(`      ${step.name}  ${state}  ${theme.dim(step.imageID ?? '')}`);
    }
  }
  for (const { name, reason: why } of run.status?.skippedTasks ?? []) lines.push(`  ${theme.marks.skipped} ${name}  skipped: ${why}`);
  return lines.join('\n');
}
