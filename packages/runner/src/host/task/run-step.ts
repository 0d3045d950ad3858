import { join } from 'node:path';
import { isColophonError } from '@colophon/core';
import { runnerErrors } from '../../errors.ts';
import type { StepInstruction, StepOutcome, TaskEvent, TaskPlan } from '../../plan/plan.ts';
import type { Cgroup } from '../machine/cgroup.ts';
import type { PreparedImage } from '../rootfs/rootfs.ts';
import { launcherProgram } from '../sandbox/launcher.ts';
import type { Nest } from '../sandbox/nest.ts';
import { launchStep, type LaunchedStep } from '../sandbox/step.ts';
import { environmentOf, programOf } from './command.ts';
import type { HostContext } from './context.ts';
import type { TaskFolder } from './contract.ts';
import { openLog, type LogWriter } from './log-writer.ts';
import { mountsOf } from './mounts.ts';
import { resolveUser, type StepUser } from './user.ts';
import type { Work } from './work.ts';

export interface StepContext {
  readonly plan: TaskPlan;
  readonly host: HostContext;
  readonly nest: Nest;
  readonly folder: TaskFolder;
  readonly work: Work;
  readonly logs: string;
  readonly emit: (event: TaskEvent) => void;
  /** Aborts when the task is cancelled or out of time; `timeout` when it is the latter. */
  readonly ended: AbortSignal;
  readonly timeout: AbortSignal | undefined;
  /** What must be over before the task is, but keeps no later step waiting. */
  readonly afterwards: Promise<void>[];
}

/** Runs one step to its end, however it ends. Never rejects for what the step or its image does: that is the step's failure. */
export async function runStep(step: StepInstruction, index: number, image: PreparedImage, context: StepContext): Promise<StepOutcome> {
  const { plan, host, emit, ended } = context;
  const startedAt = new Date().toISOString();
  emit({ type: 'step-started', step: step.name, container: step.container, at: startedAt });
  const log = await openLog(join(context.logs, `${step.container}.log`), {
    masks: host.without.has('masking') ? [] : plan.masks,
    limit: host.without.has('log-limit') ? Number.MAX_SAFE_INTEGER : plan.limits.logBytes,
    onGrowth: (size) => emit({ type: 'log', step: step.name, size }),
  });
  const cgroup = host.cgroups.make(`${plan.uid}-${index}`, limitsOf(plan, step, host));
  const stepTimeout = step.timeoutMs === undefined ? undefined : AbortSignal.timeout(step.timeoutMs);
  const stop = stepTimeout === undefined ? ended : AbortSignal.any([ended, stepTimeout]);
  let exitCode = 128;
  let message: string | undefined;
  try {
    exitCode = await follow(await start(step, index, image, cgroup, context), log, stop);
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
    if (!isColophonError(error)) message = `unexpected: ${message}`;
  }
  const outOfMemory = cgroup.outOfMemory();
  context.afterwards.push(cgroup.remove());
  await log.close();
  const cause =
    stepTimeout?.aborted === true
      ? 'timeout'
      : context.timeout?.aborted === true
        ? 'task-timeout'
        : ended.aborted
          ? 'cancelled'
          : undefined;
  // What was killed by us has failed, whatever it answered in its last moment.
  const code = cause !== undefined && exitCode === 0 ? 137 : exitCode;
  return {
    name: step.name,
    container: step.container,
    exitCode: code,
    reason: code === 0 ? 'Completed' : outOfMemory ? 'OOMKilled' : 'Error',
    startedAt,
    finishedAt: new Date().toISOString(),
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined ? {} : { message }),
  };
}

function limitsOf(plan: TaskPlan, step: StepInstruction, { without }: HostContext) {
  return {
    ...(without.has('memory-limit') ? {} : { memoryBytes: step.limits.memoryBytes ?? plan.limits.memoryBytes }),
    ...(without.has('pids-limit') ? {} : { pids: plan.limits.pids }),
    ...(step.limits.cpuMillis === undefined ? {} : { cpuMillis: step.limits.cpuMillis }),
  };
}

async function start(
  step: StepInstruction,
  index: number,
  image: PreparedImage,
  cgroup: Cgroup,
  context: StepContext,
): Promise<LaunchedStep> {
  const { plan, host, nest, folder, work } = context;
  const user = await resolveUser(image.path, step.user === '' ? image.config.user : step.user);
  if (step.nonRoot && user.uid === 0)
    throw runnerErrors.error('RUNNER_PLAN_INVALID', 'container has runAsNonRoot and image will run as root');
  const environment = environmentOf(plan, step, image.config.env);
  const { argv, candidates } = programOf(step, index, environment);
  const name = JSON.stringify((argv[0] ?? '').slice(0, 200));
  const launcher = `/tekton/bin/start-${index}`;
  folder.file(
    launcher.slice(1),
    launcherProgram({
      candidates,
      failure: `colophon: ${name} cannot be executed: the image has no such file, or its interpreter is missing\n`,
      ...(host.mode.ids === 'range' ? { user } : {}),
    }),
    0o755,
  );
  const mounts = await mountsOf(plan, step, index, { nest, mode: host.mode, without: host.without, image: image.path });
  const scratch = `/task/steps/${index}`;
  return launchStep({
    nest,
    tools: host.tools,
    cgroup,
    lower: `/rootfs/${image.name}`,
    scratch,
    pipes: work.pipes(index),
    sandbox: {
      readOnlyRoot: step.readOnlyRoot,
      mounts,
      environment,
      workingDir: step.workingDir,
      hostname: plan.name.slice(0, 63),
      memoryFilesBytes: 64 * 2 ** 20,
      ...singleId(host, user),
    },
    command: [launcher, ...argv],
    // Where the disk itself is not bounded, at least each file is.
    ...(host.quota === 'none' && !host.without.has('disk-quota') ? { fileSizeBytes: plan.limits.diskBytes } : {}),
    ...(host.cgroups.controllers.includes('pids') || host.without.has('pids-limit') ? {} : { processLimit: plan.limits.pids }),
    without: host.without,
  });
}

function singleId({ mode }: HostContext, { uid, gid }: StepUser): { singleId?: { uid: number; gid: number } } {
  return mode.ids === 'single' ? { singleId: { uid, gid } } : {};
}

/** Until the step and everything that holds its output is gone. */
async function follow(step: LaunchedStep, log: LogWriter, stop: AbortSignal): Promise<number> {
  const kill = () => step.kill();
  stop.addEventListener('abort', kill, { once: true });
  if (stop.aborted) kill();
  try {
    const copied = Promise.all([log.copy(step.stdout), log.copy(step.stderr)]);
    const code = await step.exit.finally(() => copied.catch(() => {}));
    await copied;
    return code;
  } finally {
    stop.removeEventListener('abort', kill);
  }
}
