import { execFile, type ExecFileException } from 'node:child_process';
import { runnerErrors } from '../../errors.ts';
import { helperEnvironment } from '../machine/tools.ts';

/** Runs a helper program to its end. Rejects with RUNNER_SANDBOX_FAILED and what it said. */
export function runHelper(file: string, args: readonly string[], options: { cwd?: string } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      { env: helperEnvironment, cwd: options.cwd ?? '/', maxBuffer: 1 << 20 },
      (error: ExecFileException | null, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const said = stderr.trim().slice(-500) || error.message.slice(0, 500);
        return reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `${file}: ${said}`, { cause: error }));
      },
    );
  });
}

/** A word of a shell command. Only paths and numbers of the host's own making ever come here. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
