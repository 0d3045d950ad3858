import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { runnerErrors } from '../../errors.ts';
import type { Cgroup } from '../machine/cgroup.ts';
import type { HostMode } from '../machine/mode.ts';
import { helperEnvironment, type Tools } from '../machine/tools.ts';
import { enterOptions, type Nest } from './nest.ts';
import { openOutputPipe } from './output-pipe.ts';
import { killQuietly, runHelper, shellWord } from './process.ts';
import type { Without } from './protections.ts';
import { seccompFilter } from './seccomp/filter.ts';
import { stepArguments, type StepArguments } from './step-arguments.ts';

export interface StarterPlan {
  readonly mode: HostMode;
  readonly tools: Tools;
  readonly cgroup: Cgroup;
  /** FIFOs, as the host reaches them. */
  readonly pipes: { readonly stdout: string; readonly stderr: string };
  /** In the nest: the folder below which the step's overlay is mounted as `root`. */
  readonly scratch: string;
  /** The launcher inside the step, and what follows it on its command line. */
  readonly command: readonly string[];
  /** Where cgroups do not limit the number of processes. */
  readonly processLimit?: number;
  /** Of each file. */
  readonly fileSizeBytes?: number;
  readonly without: Without;
}

/** A process that is in its cgroups, has its limits and its output, and waits to be told where its step is to run. */
export interface Starter {
  /** Once: starts the step in a nest. */
  go(nest: Nest, sandbox: Omit<StepArguments, 'root' | 'infoFd' | 'seccompFd'>): LaunchedStep;
  /** Ends it; idempotent, and without effect on a step that was started. */
  discard(): void;
}

export interface LaunchedStep {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Exit code, 128 + signal for a step that a signal ended. Rejects with RUNNER_SANDBOX_FAILED if the sandbox never came to be. */
  readonly exit: Promise<number>;
  /** Ends everything that the step started: its pid namespace dies with its first process. */
  kill(): void;
}

const fds = { args: 3, info: 4, seccomp: 5, go: 6 } as const;

/**
 * Makes a step's starter. The chain is: join the cgroups (as the host), wait, enter the nest (as its root), bubblewrap, the launcher. What takes long (a fork of the host, entering cgroups, where the
 * kernel waits for all processors) is over before the step's time comes. All that the step's author controls comes after bubblewrap, or goes to it as data
 * (`--args`), not through a shell and not into a process list.
 */
export function makeStarter(plan: StarterPlan): Starter {
  const { tools, without } = plan;
  const stdout = openOutputPipe(plan.pipes.stdout);
  const stderr = openOutputPipe(plan.pipes.stderr);
  const inNest = without.has('no-new-privileges')
    ? privilegedCommand(plan)
    : [tools.bwrap ?? 'bwrap', '--args', String(fds.args), '--', ...plan.command];
  const child = spawn(tools.sh ?? 'sh', ['-c', starterScript(plan), 'step', ...enterOptions(plan.mode, without), ...inNest], {
    stdio: ['ignore', stdout.writeEnd, stderr.writeEnd, 'pipe', 'pipe', 'pipe', 'pipe'],
    env: without.has('clean-environment') ? { ...process.env, ...helperEnvironment } : helperEnvironment,
    cwd: '/',
  });
  stdout.closeWriteEnd();
  stderr.closeWriteEnd();
  const [, , , argsPipe, info, seccomp, goPipe] = child.stdio as unknown as [null, null, null, Writable, Readable, Writable, Writable];
  for (const pipe of [argsPipe, info, seccomp, goPipe]) pipe.on('error', () => {});
  let gone = false;
  child.once('error', () => {});
  return {
    go(nest, sandbox) {
      gone = true;
      const filter = without.has('seccomp') ? undefined : seccompFilter();
      const args = stepArguments(
        { ...sandbox, root: `${plan.scratch}/root`, infoFd: fds.info, ...(filter === undefined ? {} : { seccompFd: fds.seccomp }) },
        without,
      );
      argsPipe.end(args.map((argument) => `${argument}\0`).join(''));
      seccomp.end(filter ?? '');
      goPipe.end(`${nest.pid}\n`);
      return follow(plan, nest, child, info, { stdout: stdout.readable, stderr: stderr.readable });
    },
    discard() {
      if (gone) return;
      gone = true;
      child.kill('SIGKILL');
      stdout.readable.destroy();
      stderr.readable.destroy();
    },
  };
}

function follow(
  plan: StarterPlan,
  nest: Nest,
  child: ChildProcess,
  infoPipe: Readable,
  output: { readonly stdout: Readable; readonly stderr: Readable },
): LaunchedStep {
  const { without } = plan;
  // What is said before the sandbox stands is said by our own helpers.
  let said = '';
  let info = '';
  let ended = false;
  const first = (): number | undefined => {
    const found = /"child-pid"\s*:\s*(\d+)/.exec(info)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  infoPipe.on('data', (chunk: Buffer) => (info += chunk.toString()));
  output.stderr.on('data', (chunk: Buffer) => {
    if (first() === undefined && said.length < 1000) said += chunk.toString();
  });
  output.stderr.pause();
  let killing: NodeJS.Timeout | undefined;
  const kill = () => {
    plan.cgroup.kill();
    if (ended) return;
    const pid = first();
    if (pid !== undefined) void killInNest(plan, nest, pid);
    // It may not have come that far yet, or the kernel may be slow: again until it is over.
    killing = setTimeout(kill, 50);
  };
  const exit = new Promise<number>((resolve, reject) => {
    const failed = (why: string, cause?: Error) =>
      reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `the sandbox was not made${why}`, { cause }));
    child.once('error', (cause) => failed(`: ${cause.message}`, cause));
    child.once('exit', () => {
      ended = true;
      clearTimeout(killing);
    });
    // Not before all that bubblewrap said has been read.
    child.once('close', (code, signal) => {
      if (first() !== undefined || killing !== undefined || without.has('no-new-privileges'))
        return resolve(code ?? (signal === 'SIGKILL' ? 137 : 143));
      return failed(` (${signal ?? code})${said === '' ? '' : `: ${said.trim().slice(-500)}`}`);
    });
    if (child.pid === undefined) failed(': its process was not started');
  });
  return { ...output, exit, kill };
}

/** `pid` as the nest counts. */
async function killInNest({ mode, tools, without }: StarterPlan, nest: Nest, pid: number): Promise<void> {
  if (without.has('pid-namespace')) return killQuietly(pid);
  const user = mode.kind === 'root' ? [] : ['-U', '--preserve-credentials'];
  await runHelper(tools.nsenter ?? 'nsenter', ['-t', String(nest.pid), '-p', ...user, tools.sh ?? 'sh', '-c', `kill -9 ${pid}`]).catch(
    () => {},
  );
}

/** What is the host's own to set, before anything of the nest: the cgroups first, so that nothing that follows is ever outside. */
function starterScript({ tools, cgroup, fileSizeBytes, processLimit }: StarterPlan): string {
  return [
    ...cgroup.processFiles.map((file) => `echo 0 > ${shellWord(file)} || exit 125`),
    'umask 022',
    'ulimit -c 0',
    // In blocks of 512 bytes (POSIX).
    ...(fileSizeBytes === undefined ? [] : [`ulimit -f ${Math.ceil(fileSizeBytes / 512)}`]),
    // bash and dash have different letters for it.
    ...(processLimit === undefined ? [] : [`ulimit -u ${processLimit} 2>/dev/null || ulimit -p ${processLimit}`]),
    `read -r nest <&${fds.go} || exit 125`,
    `exec ${fds.go}<&-`,
    `exec ${tools.nsenter ?? 'nsenter'} -t "$nest" "$@"`,
  ].join('\n');
}

/** Only in the test of what no_new_privs and nosuid, which bubblewrap always sets, are for. */
function privilegedCommand({ tools, scratch, command }: StarterPlan): string[] {
  const root = `${scratch}/root`;
  const [launcher = '', ...argv] = command;
  const script = `mkdir -p ${root}/dev && mount --rbind /dev ${root}/dev && cp /task${launcher} ${root}/.launcher && exec chroot ${root} /.launcher "$@"`;
  return [tools.sh ?? 'sh', '-c', script, 'step', ...argv];
}
