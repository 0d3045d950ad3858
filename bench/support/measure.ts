import { spawn } from 'node:child_process';

/** Of any order. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export interface Whole {
  readonly milliseconds: number;
  readonly stdout: string;
}

/** A process from its start to its end. Rejects when it fails or takes longer than `limit` milliseconds. */
export function wholeProcess(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; limit?: number } = {},
): Promise<Whole> {
  const { limit = 600_000, ...rest } = options;
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'], timeout: limit, killSignal: 'SIGKILL' });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr = `${stderr}${chunk.toString()}`.slice(-2000)));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const milliseconds = performance.now() - started;
      if (code === 0) resolve({ milliseconds, stdout });
      else reject(new Error(`${command} ${args.join(' ')}: ${signal ?? code}: ${stderr.trim()}`));
    });
  });
}

/** Each contender once in every round, so that what else the machine does meets all of them; milliseconds of each. One that is not here has none. */
export async function inTurn<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, (() => Promise<unknown>) | undefined>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      const contender: (() => Promise<unknown>) | undefined = contenders[name];
      if (contender === undefined) continue;
      const started = performance.now();
      await contender();
      times[name].push(performance.now() - started);
    }
  }
  return times;
}
