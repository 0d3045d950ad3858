import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { runnerErrors } from '../../errors.ts';
import { bubblewrapArguments, type BubblewrapPlan } from './bwrap.ts';
import { firstId, idCount, setupScript, type StagePlan } from './script.ts';
import { seccompFilter } from './seccomp.ts';

export interface LaunchPlan {
  readonly stage: StagePlan;
  readonly sandbox: Omit<BubblewrapPlan, 'seccompFd' | 'infoFd' | 'blockFd'>;
  /** Puts the process into its cgroups before anything of the step runs. */
  readonly enter: (pid: number) => void;
  /** Called with the pid of a process in the step's network namespace, before the step's first instruction. */
  readonly onNetwork?: (pid: number) => Promise<void>;
  /** Only for tests that show what a protection is for. */
  readonly without?: readonly ('seccomp' | 'ids')[];
}

export interface Launched {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Exit code, 128 + signal for a step that a signal ended. Rejects with RUNNER_SANDBOX_FAILED if the sandbox never came to be. */
  readonly exit: Promise<number>;
  /** Ends everything that the step started: its pid namespace dies with its first process. */
  kill(): void;
}

/** Starts one step. What it may see and do is in the plan alone. */
export function launch(plan: LaunchPlan): Launched {
  const without = new Set(plan.without ?? []);
  const filter = without.has('seccomp') ? undefined : seccompFilter();
  const descriptors = { seccompFd: 6, infoFd: 5, blockFd: 7 };
  const args = bubblewrapArguments({
    ...plan.sandbox,
    infoFd: descriptors.infoFd,
    ...(filter === undefined ? {} : { seccompFd: descriptors.seccompFd }),
    ...(plan.onNetwork === undefined ? {} : { blockFd: descriptors.blockFd }),
  });
  // 3: go ahead, 4: the user namespace is there, 5: bubblewrap's facts, 6: the seccomp program, 7: start.
  const child = spawn('unshare', ['-m', '--propagation', 'private', '/bin/sh', '-c', setupScript(plan.stage), 'colophon', ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
    cwd: '/',
  });
  const [, , , go, ready, info, seccomp, block] = child.stdio as unknown as [
    null,
    Readable,
    Readable,
    Writable,
    Readable,
    Readable,
    Writable,
    Writable,
  ];
  for (const pipe of [go, ready, info, seccomp, block]) pipe.on('error', () => {});
  let started = false;
  const problems: Buffer[] = [];
  const pid = child.pid;
  if (pid !== undefined) {
    plan.enter(pid);
    ready.once('data', () => {
      try {
        const base = without.has('ids') ? 0 : firstId;
        writeFileSync(`/proc/${pid}/uid_map`, `0 ${base} ${idCount}\n`);
        writeFileSync(`/proc/${pid}/gid_map`, `0 ${base} ${idCount}\n`);
        go.end('go\n');
      } catch {
        child.kill('SIGKILL');
      }
    });
    seccomp.end(filter ?? '');
    if (plan.onNetwork === undefined) block.end();
    readInfo(info, (inner) => {
      started = true;
      if (plan.onNetwork !== undefined)
        plan.onNetwork(inner).then(
          () => block.end('x'),
          () => child.kill('SIGKILL'),
        );
    });
  }
  const collect = (chunk: Buffer) => void (started || (problems.length < 20 && problems.push(chunk)));
  child.stderr?.on('data', collect);
  return {
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    exit: exitOf(child, () => started, problems),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** bubblewrap writes `{ "child-pid": N }` when the sandbox is made. */
function readInfo(info: Readable, found: (pid: number) => void): void {
  let text = '';
  let done = false;
  info.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const pid = /"child-pid"\s*:\s*(\d+)/.exec(text)?.[1];
    if (pid === undefined || done) return;
    done = true;
    found(Number(pid));
  });
}

function exitOf(child: ChildProcess, started: () => boolean, problems: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `the sandbox was not started: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) => {
      if (started()) return resolve(code ?? (signal === 'SIGKILL' ? 137 : 143));
      const words = Buffer.concat(problems).toString().trim().slice(-500);
      return reject(
        runnerErrors.error('RUNNER_SANDBOX_FAILED', `the sandbox was not made (${signal ?? code})${words === '' ? '' : `: ${words}`}`),
      );
    });
  });
}
