// Every bench, one after another, each in a process of its own and bounded in time; then one table of all their figures.
// Run: npm run bench [-- --write] [-- --only taskrun,log]    --write: the table replaces the one in docs/performance.md
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyShare, machine, table, type Figure } from './support/report.ts';

/** Minutes that each may take. */
const benches: Readonly<Record<string, number>> = {
  start: 3,
  image: 10,
  taskrun: 5,
  attest: 5,
  log: 8,
  sign: 2,
  verify: 2,
  quickstart: 15,
};
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false }, only: { type: 'string' } } });
const place = mkdtempSync(join(tmpdir(), 'colophon-bench-'));

/** Why it has no figures; undefined when it has. */
function run(name: string, minutes: number, file: string): Promise<string | undefined> {
  console.log(`\n== ${name}`);
  return new Promise((resolve) => {
    // A group of its own: when its time is over, all that it started ends with it.
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, `${name}.ts`)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, COLOPHON_BENCH_FIGURES: file },
      detached: true,
    });
    const end = () => {
      try {
        process.kill(-(child.pid as number), 'SIGKILL');
      } catch {
        // Gone already.
      }
    };
    const timer = setTimeout(end, minutes * 60_000);
    process.once('exit', end);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      process.off('exit', end);
      resolve(code === 0 ? undefined : `${name}: ${signal === 'SIGKILL' ? `not through in ${minutes} minutes` : `exit code ${code}`}`);
    });
  });
}

const failures: string[] = [];
const figures: Figure[] = [];
/** More than this of the processors in other hands, before or after, and a bench's figures are marked. */
const quiet = 0.1;
const busy: number[] = [await busyShare()];
try {
  const chosen = values.only?.split(',') ?? Object.keys(benches);
  for (const name of chosen) {
    const file = join(place, `${name}.jsonl`);
    writeFileSync(file, '');
    const failure = await run(name, benches[name] ?? 5, file);
    if (failure !== undefined) failures.push(failure);
    busy.push(await busyShare());
    const disturbed = Math.max(...busy.slice(-2)) > quiet;
    for (const line of readFileSync(file, 'utf8').split('\n'))
      if (line !== '') figures.push({ ...(JSON.parse(line) as Figure), disturbed });
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
const head = [
  `${new Date().toISOString().slice(0, 10)}, ${machine()}.`,
  `Between the benches ${percent(Math.min(...busy))} to ${percent(Math.max(...busy))} of the processors' time was somebody else's.`,
  ...(figures.some(({ disturbed }) => disturbed) ? ['† other work ran just before or after: to be repeated on a quiet machine.'] : []),
  ...failures.map((failure) => `Not measured: ${failure}.`),
].join('\n');
const text = `${head}\n\n${table(figures)}\n`;
console.log(`\n${text}`);
if (values.write) {
  const page = join(import.meta.dirname, '../docs/performance.md');
  const [before, rest] = readFileSync(page, 'utf8').split('<!-- figures -->\n');
  const after = rest?.split('<!-- end of figures -->')[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has no place for the figures`);
  writeFileSync(page, `${before}<!-- figures -->\n${text}<!-- end of figures -->${after}`);
}
process.exitCode = failures.length === 0 ? 0 : 1;
