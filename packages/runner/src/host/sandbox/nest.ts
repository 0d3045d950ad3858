import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { runnerErrors } from '../../errors.ts';
import { firstId, idCount, type HostMode } from '../machine/mode.ts';
import { helperEnvironment, type Tools } from '../machine/tools.ts';
import { nestCommand, type NestPlan } from './nest-command.ts';
import { killQuietly } from './process.ts';
import type { Without } from './protections.ts';

/** The namespaces of one task, while it lasts. */
export interface Nest {
  /** Of a process in it, as the host counts. */
  readonly pid: number;
  /** The nest's root directory, as the host reaches it. */
  readonly root: string;
  /** `nsenter` arguments that lead into it, as root of its user namespace. */
  readonly enter: readonly string[];
  /** As far as its network, with the host's own rights and files. */
  readonly enterNetwork: readonly string[];
  /** Ends everything in it and waits until it is gone. Idempotent. */
  close(): Promise<void>;
}

export async function openNest(plan: NestPlan, mode: HostMode, tools: Tools, without: Without): Promise<Nest> {
  const infoFd = 3;
  const { file, args } = nestCommand(plan, mode, tools, infoFd, without);
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env: helperEnvironment, cwd: '/' });
  const stdin = child.stdin;
  stdin.on('error', () => {});
  const exited = new Promise<void>((resolve) => void child.once('close', () => resolve()).once('error', () => resolve()));
  try {
    const pid = await whenReady(child, exited);
    if (mode.kind === 'root' && !without.has('user-namespace')) {
      await writeFile(`/proc/${pid}/uid_map`, `0 ${firstId} ${idCount}\n`);
      await writeFile(`/proc/${pid}/gid_map`, `0 ${firstId} ${idCount}\n`);
    }
    const user = without.has('user-namespace')
      ? []
      : mode.kind === 'root'
        ? ['-U', '-S', '0', '-G', '0']
        : ['-U', '--preserve-credentials'];
    const processes = without.has('pid-namespace') ? [] : ['-p'];
    return {
      pid,
      root: `/proc/${pid}/root`,
      enter: ['-t', String(pid), '-m', '-n', '-i', '-u', ...processes, ...user],
      enterNetwork: ['-t', String(pid), '-n', ...(mode.kind === 'root' ? [] : ['-U', '--preserve-credentials'])],
      async close() {
        stdin.destroy();
        killQuietly(pid);
        await exited;
      },
    };
  } catch (error) {
    stdin.destroy();
    child.kill('SIGKILL');
    throw error;
  }
}

/** The pid of the nest's first process, once it is in its last namespace. */
function whenReady(child: ChildProcess, exited: Promise<void>): Promise<number> {
  let info = '';
  let said = '';
  const infoStream = child.stdio[3] as Readable;
  infoStream.on('data', (chunk: Buffer) => (info += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-1000)));
  return new Promise<number>((resolve, reject) => {
    child.stdout?.once('data', () => {
      const pid = Number(/"child-pid"\s*:\s*(\d+)/.exec(info)?.[1]);
      if (pid > 1) resolve(pid);
      else reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', 'bubblewrap did not say which process it made'));
    });
    child.once('error', (cause) =>
      reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `namespaces could not be made: ${cause.message}`, { cause })),
    );
    void exited.then(() =>
      reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `namespaces could not be made: ${said.trim() || 'no reason given'}`)),
    );
  });
}
