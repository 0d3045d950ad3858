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
import { mountOverlays } from '../sandbox/overlay.ts';
import { makeTektonFolders, stepFolder, taskFolder, type TaskFolder } from './contract.ts';
import type { HostContext } from './context.ts';
import { makeMountPoints } from './mounts.ts';
import { readResults } from './results.ts';
import { readyStep, type ReadyStep } from './ready-step.ts';
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
  const relays: Relay[] = [];
  const ready = new ReadySteps(plan, images, host, work);
  let nest: Nest | undefined;
  try {
    ready.prepare(0);
    nest = await openTaskNest(plan, host, work, [...images.values()]);
    await work.record(nest.pid);
    const folder = taskFolder(nest, host.mode);
    furnish(plan, folder);
    await Promise.all([mountRoots(plan, nest, host, images), openRelays(plan, folder, nest, host, relays)]);
    const steps = await runSteps({ plan, host, nest, folder, logs, emit, ended, timeout }, ready);
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
    await ready.remove();
    await work.remove();
  }
}

/** The steps of a task, each made ready before its turn; what is left of any of them ends with the task. */
class ReadySteps {
  readonly #made = new Map<number, ReadyStep>();
  readonly #make: (index: number) => ReadyStep;
  readonly #count: number;

  constructor(plan: TaskPlan, images: ReadonlyMap<string, PreparedImage>, host: HostContext, work: Work) {
    this.#count = plan.steps.length;
    this.#make = (index) => {
      const digest = plan.steps[index]?.image.digest ?? '';
      const image = images.get(digest);
      if (image === undefined) throw runnerErrors.error('RUNNER_IMAGE_INVALID', `image ${digest} was not prepared`);
      return readyStep(plan, index, image, host, work);
    };
  }

  prepare(index: number): void {
    if (index < this.#count) this.get(index);
  }

  get(index: number): ReadyStep {
    const made = this.#made.get(index) ?? this.#make(index);
    this.#made.set(index, made);
    return made;
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#made.values()].map((step) => step.remove()));
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

function furnish(plan: TaskPlan, folder: TaskFolder): void {
  makeTektonFolders(folder, plan);
  makeVolumes(folder, plan);
  makeMountPoints(folder, plan);
}

async function mountRoots(plan: TaskPlan, nest: Nest, host: HostContext, images: ReadonlyMap<string, PreparedImage>): Promise<void> {
  const overlays = plan.steps.map(({ image }, index) => ({
    lower: `/rootfs/${images.get(image.digest)?.name ?? ''}`,
    scratch: stepFolder(index),
  }));
  await mountOverlays(nest, host.tools, overlays);
}

async function openRelays(plan: TaskPlan, folder: TaskFolder, nest: Nest, host: HostContext, relays: Relay[]): Promise<void> {
  for (const [index, { hostPath }] of plan.sockets.entries())
    relays.push(await relaySocket(join(socketsFolder(folder.host), String(index)), hostPath, host.mode));
  if (plan.network.kind === 'proxy') relays.push(await startProxyRelay(nest, host.tools, plan.network.socketPath));
  for (const { port, socketPath } of plan.ports) relays.push(await startPortRelay(nest, host.tools, port, socketPath));
}

async function runSteps(context: StepContext, ready: ReadySteps): Promise<StepOutcome[]> {
  const { plan, emit, ended, timeout, folder } = context;
  const steps: StepOutcome[] = [];
  let failed = false;
  for (const [index, step] of plan.steps.entries()) {
    if (failed || ended.aborted) {
      steps.push(skipped(step, ended.aborted ? (timeout?.aborted === true ? 'task-timeout' : 'cancelled') : 'skipped'));
      continue;
    }
    const outcome = await runStep(ready.get(index), context, () => ready.prepare(index + 1));
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
