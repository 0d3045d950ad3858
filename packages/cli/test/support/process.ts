import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON. */
  json<Value = Record<string, unknown>>(): Value; // oxlint-disable-line typescript/no-unnecessary-type-parameters -- what a command prints is known where it is called
}

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Runs the command behind this one: `['unshare', '-n']`. */
  readonly behind?: readonly string[];
}

/** Runs the command as a person does: a process of its own, whose environment holds nothing that is not said here. */
export function colophon(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const own = [process.execPath, '--disable-warning=ExperimentalWarning', '--conditions=colophon-source', main, ...args];
  const [command, ...rest] = [...(options.behind ?? []), ...own] as [string, ...string[]];
  const child = spawn(command, rest, { cwd: options.cwd, env: { PATH: process.env['PATH'], ...options.env } });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err, json: () => JSON.parse(out) }));
  });
}

export async function temporary(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'colophon-cli-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
