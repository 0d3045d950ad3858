import { join } from 'node:path';
import { mkdir, readdir } from 'node:fs/promises';
import { durable } from '@colophon/store';
import { runnerErrors } from '../../errors.ts';
import type { StepInstruction, StepOutcome, TaskEvent, TaskOutcome, TaskPlan } from '../../plan/plan.ts';
import { modeName } from '../machine/mode.ts';
import { relaySocket, socketsFolder, type Relay } from '../network/relay.ts';
import { startPortRelay, startProxyRelay } from '../network/proxy-relay.ts';
import type { PreparedImage } from '../rootfs/rootfs.ts';
import { openNest, type Nest } from '../sandbox/nest.ts';
import { makeTektonFolders, taskFolder, type TaskFolder } from './contract.ts';
import type { HostContext } from './context.ts';
import { makeMountPoints } from './mounts.ts';
import { readResults } from './results.ts';
import { runStep, type StepContext } from './run-step.ts';
import { makeVolumes, volumeBinds } from './volumes.ts';
import { makeWork, type Work } from './work.ts';

/**
 * Runs the steps of a plan one after another, each in a sandbox of its own. A step that fails ends the task unless it says `continue`; later steps are skipped. What
 * a step says by exit code, results and log is its claim; times and causes are ours. Aborting kills the running step and everything it started. When this settles nothing of the task is
 * left but its log files.
 */
export async function runTask(
  plan: TaskPlan,
  host: HostContext,
  emit: (event: TaskEvent) => void,
  signal: AbortSignal,
): Promise<TaskOutcome> {
  const timeout = plan.timeoutMs === undefined ? undefined : AbortSignal.timeout(plan.timeoutMs);
  const ended = timeout === undefined ? signal : AbortSignal.any([signal, timeout]);
  const images = new Map<string, PreparedImage>();
  for (const { image } of plan.steps) images.set(image.digest, await host.rootfs.prepare(image.digest));
  const logs = join(host.logs, plan.uid);
  await mkdir(logs, { recursive: true, mode: 0o700 });
  const work = await makeWork(plan, host);
  let nest: Nest | undefined;
  const relays: Relay[] = [];
  const afterwards: Promise<void>[] = [];
  try {
    nest = await openTaskNest(plan, host, work, [...images.values()]);
    await work.record(nest.pid);
    const folder = taskFolder(nest, host.mode);
    await furnish(plan, folder, host, relays);
    if (plan.network.kind === 'proxy') relays.push(await startProxyRelay(nest, host.tools, plan.network.socketPath));
    for (const { port, socketPath } of plan.ports) relays.push(await startPortRelay(nest, host.tools, port, socketPath));
    const context: StepContext = { plan, host, nest, folder, work, logs, emit, ended, timeout, afterwards };
    const steps = await runSteps(context, images);
    const { results, refused } = await readResults(
      join(folder.host, 'tekton', 'results'),
      plan.results,
      plan.limits.resultBytes,
      host.without,
    );
    await syncLogs(logs, plan);
    const cause = timeout?.aborted === true ? ('timeout' as const) : signal.aborted ? ('cancelled' as const) : undefined;
    return { steps, results, refused, mode: modeName(host.mode), ...(cause === undefined ? {} : { cause }) };
  } finally {
    for (const relay of relays) relay.close();
    await nest?.close();
    await Promise.all(afterwards);
    await work.remove();
  }
}

/** The logs of a task that is told to be over are on disk. */
async function syncLogs(logs: string, plan: TaskPlan): Promise<void> {
  const written = new Set(await readdir(logs));
  const files = plan.steps.map(({ container }) => `${container}.log`).filter((name) => written.has(name));
  await Promise.all(files.map((name) => durable.syncFile(join(logs, name))));
  await durable.syncDirectory(logs);
}

async function openTaskNest(plan: TaskPlan, host: HostContext, work: Work, images: readonly PreparedImage[]): Promise<Nest> {
  const binds = [
    ...images.map(({ path, name }) => ({ source: path, target: `/rootfs/${name}`, readOnly: true })),
    ...(await volumeBinds(plan, host.mode)),
  ];
  return openNest({ binds, task: work.task }, host.mode, host.tools, host.without);
}

async function furnish(plan: TaskPlan, folder: TaskFolder, host: HostContext, relays: Relay[]): Promise<void> {
  makeTektonFolders(folder, plan);
  makeVolumes(folder, plan);
  makeMountPoints(folder, plan);
  for (const [index, { hostPath }] of plan.sockets.entries())
    relays.push(await relaySocket(join(socketsFolder(folder.host), String(index)), hostPath, host.mode));
}

async function runSteps(context: StepContext, images: ReadonlyMap<string, PreparedImage>): Promise<StepOutcome[]> {
  const { plan, emit, ended, timeout, folder } = context;
  const steps: StepOutcome[] = [];
  let failed = false;
  for (const [index, step] of plan.steps.entries()) {
    if (failed || ended.aborted) {
      steps.push(skipped(step, ended.aborted ? (timeout?.aborted === true ? 'task-timeout' : 'cancelled') : 'skipped'));
      continue;
    }
    const image = images.get(step.image.digest);
    if (image === undefined) throw runnerErrors.error('RUNNER_IMAGE_INVALID', `image ${step.image.digest} was not prepared`);
    const outcome = await runStep(step, index, image, context);
    const own = `tekton/steps/${step.container}`;
    folder.finish(`${own}/.exitCode`, `${own}/exitCode`, String(outcome.exitCode));
    steps.push(outcome);
    emit({ type: 'step-finished', outcome });
    failed = outcome.exitCode !== 0 && (step.onError !== 'continue' || outcome.cause !== undefined);
  }
  return steps;
}

function skipped(step: StepInstruction, cause: NonNullable<StepOutcome['cause']>): StepOutcome {
  const now = new Date().toISOString();
  return { name: step.name, container: step.container, exitCode: 1, reason: 'Error', cause, startedAt: now, finishedAt: now };
}
