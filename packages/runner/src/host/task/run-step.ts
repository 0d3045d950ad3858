import { join } from 'node:path';
import { isColophonError } from '@colophon/core';
import { runnerErrors } from '../../errors.ts';
import type { StepOutcome, TaskEvent, TaskPlan } from '../../plan/plan.ts';
import type { Nest } from '../sandbox/nest.ts';
import type { LaunchedStep } from '../sandbox/step.ts';
import type { HostContext } from './context.ts';
import type { TaskFolder } from './contract.ts';
import { openLog, type LogWriter } from './log-writer.ts';
import { mountsOf } from './mounts.ts';
import type { ReadyStep } from './ready-step.ts';

export interface StepContext {
  readonly plan: TaskPlan;
  readonly host: HostContext;
  readonly nest: Nest;
  readonly folder: TaskFolder;
  readonly logs: string;
  readonly emit: (event: TaskEvent) => void;
  /** Aborts when the task is cancelled or out of time; `timeout` when it is the latter. */
  readonly ended: AbortSignal;
  readonly timeout: AbortSignal | undefined;
}

/**
 * Runs one step to its end, however it ends. Never rejects for what the step or its image does: that is the step's failure. `started` is called when it is
 * on its way.
 */
export async function runStep(ready: ReadyStep, context: StepContext, started: () => void): Promise<StepOutcome> {
  const { plan, host, emit, ended } = context;
  const { step, cgroup } = ready;
  const startedAt = new Date().toISOString();
  emit({ type: 'step-started', step: step.name, container: step.container, at: startedAt });
  const log = await openLog(join(context.logs, `${step.container}.log`), {
    masks: host.without.has('masking') ? [] : plan.masks,
    limit: host.without.has('log-limit') ? Number.MAX_SAFE_INTEGER : plan.limits.logBytes,
    onGrowth: (size) => emit({ type: 'log', step: step.name, size }),
  });
  const stepTimeout = step.timeoutMs === undefined ? undefined : AbortSignal.timeout(step.timeoutMs);
  const stop = stepTimeout === undefined ? ended : AbortSignal.any([ended, stepTimeout]);
  let exitCode = 128;
  let message: string | undefined;
  try {
    const launched = await launch(ready, context);
    started();
    exitCode = await follow(launched, log, stop);
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
    if (!isColophonError(error)) message = `unexpected: ${message}`;
  }
  const outOfMemory = cgroup.outOfMemory();
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

async function launch(
  { step, index, image, environment, user: whoever, starter, launcher }: ReadyStep,
  context: StepContext,
): Promise<LaunchedStep> {
  const { plan, host, nest, folder } = context;
  const user = await whoever;
  if (step.nonRoot && user.uid === 0)
    throw runnerErrors.error('RUNNER_PLAN_INVALID', 'container has runAsNonRoot and image will run as root');
  folder.file(launcher.path.slice(1), launcher.program(user), 0o755);
  const mounts = await mountsOf(plan, step, index, { nest, mode: host.mode, without: host.without, image: image.path });
  return starter.go(nest, {
    readOnlyRoot: step.readOnlyRoot,
    mounts,
    environment,
    workingDir: step.workingDir,
    hostname: plan.name.slice(0, 63),
    memoryFilesBytes: 64 * 2 ** 20,
    ...(host.mode.ids === 'single' ? { singleId: user } : {}),
  });
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
