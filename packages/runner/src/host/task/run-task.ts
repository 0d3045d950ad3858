import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isColophonError } from '@colophon/core';
import { runnerErrors } from '../../errors.ts';
import type { StepInstruction, StepOutcome, TaskEvent, TaskOutcome, TaskPlan } from '../../plan/plan.ts';
import { resolveUser, type PreparedImage, type RootfsStore } from '../rootfs/rootfs.ts';
import { makeCgroup, type CgroupVersion } from '../sandbox/cgroup.ts';
import { launch, type LaunchPlan } from '../sandbox/launch.ts';
import { openLog } from './log-writer.ts';
import { startRelay } from './relay.ts';
import { readResults } from './results.ts';
import { makeWorkDirectory, type WorkDirectory } from './work-directory.ts';
import { mountsOf } from './mounts.ts';

export interface TaskHost {
  readonly rootfs: RootfsStore;
  /** `DATA/runner/work`, `DATA/runs`. */
  readonly work: string;
  readonly logs: string;
  readonly cgroups: CgroupVersion;
  /** Only for tests that show what a protection is for. */
  readonly without?: LaunchPlan['without'];
}

/**
 * Runs the steps of a plan one after another, each in a sandbox of its own. A step that fails ends the task unless it says `continue`; later steps are skipped. What
 * a step says by exit code, results and log is its claim; times and causes are ours. Aborting kills the running step and everything it started.
 */
export async function runTask(plan: TaskPlan, host: TaskHost, emit: (event: TaskEvent) => void, signal: AbortSignal): Promise<TaskOutcome> {
  const timeout = plan.timeoutMs === undefined ? undefined : AbortSignal.timeout(plan.timeoutMs);
  const ended = timeout === undefined ? signal : AbortSignal.any([signal, timeout]);
  const images = new Map<string, PreparedImage>();
  for (const { image } of plan.steps) images.set(image.digest, await host.rootfs.prepare(image.digest));
  const logs = join(host.logs, plan.uid);
  await mkdir(logs, { recursive: true, mode: 0o700 });
  const work = await makeWorkDirectory(join(host.work, plan.uid), plan);
  try {
    const steps: StepOutcome[] = [];
    let failed = false;
    for (const [index, step] of plan.steps.entries()) {
      const why = ended.aborted ? (timeout?.aborted === true ? 'task-timeout' : 'cancelled') : undefined;
      if (failed || why !== undefined) {
        steps.push(skipped(step, why ?? 'skipped'));
        continue;
      }
      emit({ type: 'step-started', step: step.name, container: step.container, at: new Date().toISOString() });
      const outcome = await runStep(plan, step, index, images.get(step.image.digest) as PreparedImage, {
        host,
        work,
        logs,
        emit,
        ended,
        timeout,
      });
      await writeFile(join(work.tekton, 'steps', step.container, 'exitCode'), String(outcome.exitCode), { mode: 0o644 });
      steps.push(outcome);
      emit({ type: 'step-finished', outcome });
      failed = outcome.exitCode !== 0 && (step.onError !== 'continue' || outcome.cause !== undefined);
    }
    const { results, refused } = await readResults(work.tekton, plan.results, plan.limits.resultBytes);
    const cause = timeout?.aborted === true ? ('timeout' as const) : signal.aborted ? ('cancelled' as const) : undefined;
    return { steps, results, refused, mode: 'sandbox', ...(cause === undefined ? {} : { cause }) };
  } finally {
    await work.remove();
  }
}

function skipped(step: StepInstruction, cause: NonNullable<StepOutcome['cause']>): StepOutcome {
  const now = new Date().toISOString();
  return { name: step.name, container: step.container, exitCode: 1, reason: 'Error', cause, startedAt: now, finishedAt: now };
}

interface StepContext {
  readonly host: TaskHost;
  readonly work: WorkDirectory;
  readonly logs: string;
  readonly emit: (event: TaskEvent) => void;
  readonly ended: AbortSignal;
  readonly timeout: AbortSignal | undefined;
}

async function runStep(
  plan: TaskPlan,
  step: StepInstruction,
  index: number,
  image: PreparedImage,
  context: StepContext,
): Promise<StepOutcome> {
  const { host, work, emit, ended } = context;
  const startedAt = new Date().toISOString();
  const log = openLog(join(context.logs, `${step.container}.log`), {
    masks: plan.masks,
    limit: plan.limits.logBytes,
    onGrowth: (size) => emit({ type: 'log', step: step.name, size }),
  });
  const stepTimeout = step.timeoutMs === undefined ? undefined : AbortSignal.timeout(step.timeoutMs);
  const stop = stepTimeout === undefined ? ended : AbortSignal.any([ended, stepTimeout]);
  const cgroup = makeCgroup(
    `${plan.uid}-${index}`,
    { memoryBytes: step.limits.memoryBytes ?? plan.limits.memoryBytes, pids: plan.limits.pids, cpuMillis: step.limits.cpuMillis },
    host.cgroups,
  );
  const relays: { close(): void }[] = [];
  const finish = (exitCode: number, message?: string): StepOutcome => {
    const cause =
      stepTimeout?.aborted === true
        ? 'timeout'
        : context.timeout?.aborted === true
          ? 'task-timeout'
          : ended.aborted
            ? 'cancelled'
            : undefined;
    const reason = exitCode === 0 && cause === undefined ? 'Completed' : cgroup.outOfMemory() ? 'OOMKilled' : 'Error';
    return {
      name: step.name,
      container: step.container,
      exitCode: cause !== undefined && exitCode === 0 ? 1 : exitCode,
      reason,
      startedAt,
      finishedAt: new Date().toISOString(),
      ...(cause === undefined ? {} : { cause }),
      ...(message === undefined ? {} : { message }),
    };
  };
  try {
    const { uid, gid } = await resolveUser(image.path, step.user === '' ? image.config.user : step.user);
    if (step.nonRoot && uid === 0) throw runnerErrors.error('RUNNER_PLAN_INVALID', 'container has runAsNonRoot and image will run as root');
    const mounts = await mountsOf(plan, step, work);
    const argv = step.script === undefined ? step.argv : [`/tekton/scripts/script-${index}`, ...step.argv];
    const launched = launch({
      stage: {
        rootfs: image.path,
        scratch: await work.scratch(step.container),
        binds: mounts.map(({ source, readOnly }) => ({ source, readOnly })),
        mountPoints: mounts.map(({ path }) => path),
      },
      sandbox: {
        mounts: mounts.map(({ path, readOnly }, position) => ({ index: position, path, readOnly })),
        env: environment(plan, step, image),
        workingDir: step.workingDir,
        uid,
        gid,
        readOnlyRoot: step.readOnlyRoot,
        hostname: plan.name.slice(0, 63),
        argv,
      },
      enter: (pid) => cgroup.enter(pid),
      ...(plan.network.kind === 'none'
        ? {}
        : {
            onNetwork: async (pid: number) =>
              void relays.push(await startRelay(pid, plan.network.kind === 'proxy' ? plan.network.socketPath : '')),
          }),
      ...(host.without === undefined ? {} : { without: host.without }),
    });
    const kill = () => launched.kill();
    stop.addEventListener('abort', kill, { once: true });
    if (stop.aborted) kill();
    const copied = Promise.all([log.copy(launched.stdout), log.copy(launched.stderr)]);
    try {
      const code = await launched.exit;
      await copied;
      return finish(code);
    } finally {
      stop.removeEventListener('abort', kill);
    }
  } catch (error) {
    if (!isColophonError(error) && !(error instanceof Error)) throw error;
    return finish(128, error.message);
  } finally {
    for (const relay of relays) relay.close();
    cgroup.remove();
    await log.close();
  }
}

/** The image's environment, then Tekton's, then the step's own. Nothing of the host's. */
function environment(plan: TaskPlan, step: StepInstruction, image: PreparedImage): Record<string, string> {
  const fromImage = Object.fromEntries(
    image.config.env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const proxy = 'http://127.0.0.1:3128';
  const network = plan.network.kind === 'none' ? {} : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, http_proxy: proxy, https_proxy: proxy };
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/tekton/home',
    ...fromImage,
    ...network,
    ...step.env,
  };
}
