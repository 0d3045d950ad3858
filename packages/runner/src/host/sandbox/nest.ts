import { spawn, type ChildProcess } from 'node:child_process';
import { chown, writeFile } from 'node:fs/promises';
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
    if (mode.kind === 'root') await chown(`/proc/${pid}/root/task`, firstId, firstId);
    if (mode.kind === 'root' && !without.has('user-namespace')) {
      await writeFile(`/proc/${pid}/uid_map`, `0 ${firstId} ${idCount}\n`);
      await writeFile(`/proc/${pid}/gid_map`, `0 ${firstId} ${idCount}\n`);
    }
    return {
      pid,
      root: `/proc/${pid}/root`,
      enter: ['-t', String(pid), ...enterOptions(mode, without)],
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

/** Options of nsenter(1) that lead into a nest, as root of its user namespace, beside the one that says which. */
export function enterOptions(mode: HostMode, without: Without): string[] {
  const namespaces = ['-m', '-n', '-i', '-u', ...(without.has('pid-namespace') ? [] : ['-p'])];
  if (without.has('user-namespace')) return namespaces;
  return [...namespaces, '-U', ...(mode.kind === 'root' ? ['-S', '0', '-G', '0'] : ['--preserve-credentials'])];
}

/** The pid of the nest's first process, once it is in its last namespace. What it and bubblewrap say comes in either order. */
function whenReady(child: ChildProcess, exited: Promise<void>): Promise<number> {
  let info = '';
  let ready = false;
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-1000)));
  const failed = (why: string, cause?: Error) =>
    runnerErrors.error('RUNNER_SANDBOX_FAILED', `namespaces could not be made: ${why}`, { cause });
  return new Promise<number>((resolve, reject) => {
    const both = () => {
      const pid = Number(/"child-pid"\s*:\s*(\d+)/.exec(info)?.[1]);
      if (ready && pid > 1) resolve(pid);
    };
    (child.stdio[3] as Readable).on('data', (chunk: Buffer) => {
      info += chunk.toString();
      both();
    });
    child.stdout?.on('data', () => {
      ready = true;
      both();
    });
    child.once('error', (cause) => reject(failed(cause.message, cause)));
    void exited.then(() => reject(failed(said.trim() || 'no reason given')));
  });
}
