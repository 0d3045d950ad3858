import { appendFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Times are the better the smaller they are, rates the greater. */
export type Unit = 'ms' | 's' | '/s';

/** One line of the table in docs/performance.md. */
export interface Figure {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number;
  /** Another program's figure; `recorded`: from an earlier, documented run elsewhere, not from this one. */
  readonly peer?: { readonly name: string; readonly value: number; readonly recorded?: boolean };
  /** What is wanted: of our own figure, or of the ratio to the peer. */
  readonly goal?: Goal;
  /** Other work ran on the machine just before or after: to be repeated. */
  readonly disturbed?: boolean;
}

export type Goal = { readonly atMost: number } | { readonly atLeast: number } | { readonly timesPeer: number };

/** How many times as good as the peer. */
export function ratioOf({ ours, peer, unit }: Figure): number | undefined {
  if (peer === undefined) return undefined;
  return unit === '/s' ? ours / peer.value : peer.value / ours;
}

/** Undefined: there is no goal, or no peer to judge it by. */
export function isMet(figure: Figure): boolean | undefined {
  const { goal, ours } = figure;
  if (goal === undefined) return undefined;
  if ('atMost' in goal) return ours <= goal.atMost;
  if ('atLeast' in goal) return ours >= goal.atLeast;
  const ratio = ratioOf(figure);
  return ratio === undefined ? undefined : ratio >= goal.timesPeer;
}

export function shown(value: number, unit: Unit): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return unit === '/s' ? `${value.toFixed(digits)}/s` : `${value.toFixed(digits)} ${unit}`;
}

function goalText({ goal, unit }: Figure): string {
  if (goal === undefined) return '–';
  if ('atMost' in goal) return `≤ ${shown(goal.atMost, unit)}`;
  return 'atLeast' in goal ? `≥ ${shown(goal.atLeast, unit)}` : `≥ ${goal.timesPeer} times`;
}

const columns = ['what', 'ours', 'peer', 'ratio', 'goal', 'met'];

function cells(figure: Figure): string[] {
  const { what, ours, peer, unit } = figure;
  const ratio = ratioOf(figure);
  const met = isMet(figure);
  return [
    what,
    `${shown(ours, unit)}${figure.disturbed === true ? ' †' : ''}`,
    peer === undefined ? '–' : `${shown(peer.value, unit)} ${peer.name}${peer.recorded === true ? ' (recorded)' : ''}`,
    ratio === undefined ? '–' : `${ratio.toFixed(ratio >= 10 ? 0 : 1)} times`,
    goalText(figure),
    met === undefined ? '–' : met ? 'yes' : '**no**',
  ];
}

/** A Markdown table, its columns lined up for a terminal. */
export function table(figures: readonly Figure[]): string {
  const rows = [columns, ...figures.map(cells)];
  const widths = columns.map((_name, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(rows[0] ?? []), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('\n');
}

/** Prints a bench's figures; where `bench/all.ts` started it, it gets them too. */
export function report(figures: readonly Figure[]): void {
  console.log(`\n${table(figures)}\n`);
  const file = process.env['COLOPHON_BENCH_FIGURES'];
  if (file !== undefined) appendFileSync(file, figures.map((figure) => `${JSON.stringify(figure)}\n`).join(''));
}

/** What was measured on, and how busy it was with other things. */
export function machine(): string {
  const [model] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${model?.model.trim() ?? 'unknown CPU'}, ${cpus().length} processors, ${gib} GiB, Linux ${release().split('-')[0]}, Node ${process.version}`;
}

/** The share of all processors' time that somebody used within a second from now, while we do nothing. */
export async function busyShare(): Promise<number> {
  const times = () =>
    cpus().reduce(
      (sum, { times: { idle, irq, nice, sys, user } }) => ({ idle: sum.idle + idle, all: sum.all + idle + irq + nice + sys + user }),
      { idle: 0, all: 0 },
    );
  const before = times();
  await sleep(1000);
  const after = times();
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}
