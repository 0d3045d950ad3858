import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { runnerErrors } from '../../errors.ts';
import { helperEnvironment, type Tools } from '../machine/tools.ts';
import type { Nest } from './nest.ts';
import { openOutputPipe } from './output-pipe.ts';
import { killQuietly, runHelper, shellWord } from './process.ts';
import type { Without } from './protections.ts';
import { seccompFilter } from './seccomp/filter.ts';
import { stepArguments, type StepArguments } from './step-arguments.ts';
import type { Cgroup } from '../machine/cgroup.ts';

export interface StepLaunch {
  readonly nest: Nest;
  readonly tools: Tools;
  readonly cgroup: Cgroup;
  /** In the nest: the image's root file system, and a folder with `upper`, `work` and `root`. */
  readonly lower: string;
  readonly scratch: string;
  /** FIFOs, as the host reaches them. */
  readonly pipes: { readonly stdout: string; readonly stderr: string };
  readonly sandbox: Omit<StepArguments, 'root' | 'infoFd' | 'seccompFd'>;
  /** The launcher inside the step, and what follows it on its command line. */
  readonly command: readonly string[];
  /** Where cgroups do not limit the number of processes. */
  readonly processLimit?: number;
  /** Of each file. */
  readonly fileSizeBytes?: number;
  readonly without: Without;
}

export interface LaunchedStep {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Exit code, 128 + signal for a step that a signal ended. Rejects with RUNNER_SANDBOX_FAILED if the sandbox never came to be. */
  readonly exit: Promise<number>;
  /** Ends everything that the step started: its pid namespace dies with its first process. */
  kill(): void;
}

/**
 * Starts one step in a task's nest. The chain is: join the cgroups (as the host), enter the nest (as its root), mount the overlay, bubblewrap, the launcher.
 * All that the step's author controls comes after bubblewrap, or goes to it as data (`--args`), not through a shell and not into a process list.
 */
export function launchStep(plan: StepLaunch): LaunchedStep {
  const { nest, tools, without } = plan;
  const filter = without.has('seccomp') ? undefined : seccompFilter();
  const fds = { args: 3, info: 4, seccomp: 5 };
  const stdout = openOutputPipe(plan.pipes.stdout);
  const stderr = openOutputPipe(plan.pipes.stderr);
  const args = stepArguments(
    { ...plan.sandbox, root: `${plan.scratch}/root`, infoFd: fds.info, ...(filter === undefined ? {} : { seccompFd: fds.seccomp }) },
    without,
  );
  const enter = [
    '-c',
    joinScript(plan),
    'step',
    tools.nsenter ?? 'nsenter',
    ...nest.enter,
    tools.sh ?? 'sh',
    '-c',
    stepScript(plan, fds.args),
    'step',
    ...plan.command,
  ];
  const child = spawn(tools.sh ?? 'sh', enter, {
    stdio: ['ignore', stdout.writeEnd, stderr.writeEnd, 'pipe', 'pipe', 'pipe'],
    env: without.has('clean-environment') ? { ...process.env, ...helperEnvironment } : helperEnvironment,
    cwd: '/',
  });
  stdout.closeWriteEnd();
  stderr.closeWriteEnd();
  const [, , , argsPipe, infoPipe, seccompPipe] = child.stdio as unknown as [null, null, null, Writable, Readable, Writable];
  for (const pipe of [argsPipe, infoPipe, seccompPipe]) pipe.on('error', () => {});
  argsPipe.end(args.map((argument) => `${argument}\0`).join(''));
  seccompPipe.end(filter ?? '');

  // What is said before the sandbox stands is said by our own helpers.
  let said = '';
  let info = '';
  let ended = false;
  const first = (): number | undefined => {
    const found = /"child-pid"\s*:\s*(\d+)/.exec(info)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  infoPipe.on('data', (chunk: Buffer) => (info += chunk.toString()));
  stderr.readable.on('data', (chunk: Buffer) => {
    if (first() === undefined && said.length < 1000) said += chunk.toString();
  });
  stderr.readable.pause();
  let killing: NodeJS.Timeout | undefined;
  const kill = () => {
    plan.cgroup.kill();
    const pid = first();
    if (ended) return;
    if (pid !== undefined) {
      if (without.has('pid-namespace')) killQuietly(pid);
      else
        void runHelper(tools.nsenter ?? 'nsenter', [
          '-t',
          String(nest.pid),
          '-p',
          ...(nest.enter.includes('--preserve-credentials') ? ['-U', '--preserve-credentials'] : []),
          tools.sh ?? 'sh',
          '-c',
          `kill -9 ${pid}`,
        ]).catch(() => {});
    }
    // It may not have come that far yet, or the kernel may be slow: again until it is over.
    killing = setTimeout(kill, 50);
  };
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `the sandbox was not started: ${cause.message}`, { cause })),
    );
    child.once('exit', () => {
      ended = true;
      clearTimeout(killing);
    });
    // Not before all that bubblewrap said has been read.
    child.once('close', (code, signal) => {
      if (first() !== undefined || killing !== undefined || without.has('no-new-privileges'))
        return resolve(code ?? (signal === 'SIGKILL' ? 137 : 143));
      const why = said === '' ? '' : `: ${said.trim().slice(-500)}`;
      return reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `the sandbox was not made (${signal ?? code})${why}`));
    });
  });
  return { stdout: stdout.readable, stderr: stderr.readable, exit, kill };
}

/** The host's part: into the cgroups first, so that nothing that follows is ever outside. */
function joinScript({ cgroup }: StepLaunch): string {
  return [...cgroup.processFiles.map((file) => `echo 0 > ${shellWord(file)} || exit 125`), 'exec "$@"'].join('\n');
}

/** The nest's part. Every word in it is the host's own; the author's are in "$@" and in the file of arguments. */
function stepScript(plan: StepLaunch, argsFd: number): string {
  const { tools, lower, scratch, without } = plan;
  const overlay = `lowerdir=${lower},upperdir=${scratch}/upper,workdir=${scratch}/work,userxattr`;
  const bubblewrap = `exec ${tools.bwrap ?? 'bwrap'} --args ${argsFd} -- "$@"`;
  const [launcher = ''] = plan.command;
  return [
    'umask 022',
    'ulimit -c 0',
    // In blocks of 512 bytes (POSIX).
    ...(plan.fileSizeBytes === undefined ? [] : [`ulimit -f ${Math.ceil(plan.fileSizeBytes / 512)}`]),
    ...(plan.processLimit === undefined ? [] : [`ulimit -u ${plan.processLimit} 2>/dev/null || ulimit -p ${plan.processLimit}`]),
    `${tools.mount ?? 'mount'} -i -t overlay overlay -o ${overlay} ${scratch}/root || exit 125`,
    ...(without.has('no-new-privileges') ? privilegedScript(scratch, launcher) : [bubblewrap]),
  ].join('\n');
}

/** Only in the test of what no_new_privs and nosuid, which bubblewrap always sets, are for. */
function privilegedScript(scratch: string, launcher: string): string[] {
  const root = `${scratch}/root`;
  return [
    `mkdir -p ${root}/dev && mount --rbind /dev ${root}/dev && cp /task${launcher} ${root}/.launcher || exit 125`,
    'shift',
    `exec chroot ${root} /.launcher "$@"`,
  ];
}
