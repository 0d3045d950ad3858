import { run, type StricliProcess } from '@stricli/core';
import { buildApp } from './command/build.ts';
import { commands } from './commands/index.ts';
import { complete } from './command/completion.ts';
import { version } from './version.ts';

/** Runs one command line; sets the exit code. The parser's own negative codes mean wrong usage. */
export async function main(inputs: readonly string[]): Promise<void> {
  const app = buildApp(commands, version());
  if (inputs[0] === '__complete') return complete(app, inputs.slice(1));
  await run(app, inputs.length === 0 ? ['--help'] : inputs, { process: process as StricliProcess });
  if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = 2;
}
