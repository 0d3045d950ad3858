import {
  cancelledEnd,
  completedStatus,
  configErrorStatus,
  endedStatus,
  parseTime,
  planTaskRun,
  rfc3339,
  runningStatus,
  timeoutEnd,
  type TaskRun,
  type TaskRunEnd,
  type TaskRunPlan,
  type TaskRunStatus,
  type TaskSpec,
} from '@colophon/pipeline';
import type { TaskPlanInput } from '../plan/plan.ts';
import type { ProducedImage, RunReference } from './build-record.ts';
import type { Context } from './context.ts';
import type { OpenRelays, ResolvedImage } from './contract.ts';
import type { Resolved } from './definitions.ts';
import { Ended, messageOf, userError } from './ended.ts';
import { hostSteps, unknownMount, type HostSteps } from './host-plan.ts';
import { NamespaceData } from './lookup.ts';
import { emptyMaterials, type Materials } from './materials.ts';
import { StepStates } from './outcomes.ts';
import { mountVolumes, openRelays, resolveImages } from './ready.ts';
import { runTask } from './run-task.ts';
import type { Stop } from './stop.ts';
import { namedData, type PreparedVolumes } from './volumes.ts';

export interface AttemptInput {
  readonly run: TaskRun;
  readonly reference: RunReference;
  /** The pipeline task, or the run's name. */
  readonly task: string;
  readonly definition: Resolved<TaskSpec>;
  readonly templateClaims: ReadonlyMap<string, number | undefined>;
  /** Images that other tasks of the same run have produced. */
  readonly known: readonly ProducedImage[];
  readonly stop: Stop;
  /** Writes an intermediate status, durably. */
  write(status: TaskRunStatus): Promise<void>;
}

export interface AttemptResult {
  readonly status: TaskRunStatus;
  readonly materials: Materials;
}

/**
 * One attempt of a TaskRun from its plan to its last status, which the caller writes. Undefined if it was stopped because
 * the run is gone or the process ends: then there is nothing to write.
 */
export async function attempt(context: Context, input: AttemptInput): Promise<AttemptResult | undefined> {
  const { definition, stop } = input;
  const startTime = input.run.status?.startTime ?? rfc3339(context.now());
  const run: TaskRun = { ...input.run, status: { ...input.run.status, startTime } };
  const materials = emptyMaterials();
  const plan = planTaskRun(run, definition, { gates: context.gates });
  if ('failure' in plan) {
    return { status: endedStatus(run, plan.failure as TaskRunEnd, definition.spec, undefined, context.now(), context.gates), materials };
  }
  if (plan.timeoutMilliseconds !== undefined) stop.expireAt(parseTime(startTime) + plan.timeoutMilliseconds);
  const trial = { context, input: { ...input, run }, plan, materials, states: new StepStates(plan.steps) };
  try {
    const status = await throughSteps(trial);
    return { status, materials };
  } catch (error) {
    if (stop.kind === 'gone') return undefined;
    const end = endOf(run, stop, error);
    const steps = error instanceof Ended && error.bare ? undefined : trial.states.all;
    return { status: endedStatus(run, end, plan.spec, steps, context.now(), context.gates), materials };
  } finally {
    stop.clear();
  }
}

interface Trial {
  readonly context: Context;
  readonly input: AttemptInput;
  readonly plan: TaskRunPlan;
  readonly materials: Materials;
  states: StepStates;
}

async function throughSteps(trial: Trial): Promise<TaskRunStatus> {
  const { context, input, plan, materials } = trial;
  const { run, stop } = input;
  const stray = unknownMount(plan);
  if (stray !== undefined) throw userError(stray);
  const data = await NamespaceData.read(context.store, run.metadata.namespace ?? '', namedData(plan));
  const [images, volumes] = await Promise.all([resolveImages(context, run, plan, stop), mountVolumes(context, input, plan, data)]);
  if ('problem' in volumes) return configError(trial, plan.steps[0]?.name, volumes.problem);
  const steps = hostSteps(plan, images, volumes, data);
  if ('problem' in steps) return configError(trial, steps.step, steps.problem);
  note(trial, images, volumes, steps);
  const relays = await openRelays(context, input);
  if (relays.network) materials.notReplayable.add('network');
  materials.network = relays.network;
  try {
    return await throughHost(trial, { steps, volumes, relays });
  } finally {
    await relays.close();
  }
}

async function throughHost(
  trial: Trial,
  { steps, volumes, relays }: { steps: HostSteps; volumes: PreparedVolumes; relays: OpenRelays },
): Promise<TaskRunStatus> {
  const { context, input, plan, materials, states } = trial;
  const { run, reference, stop } = input;
  const hostPlan: TaskPlanInput = {
    uid: reference.uid,
    namespace: reference.namespace,
    name: reference.name,
    ...withPushConfig(steps.steps, volumes.volumes, relays),
    results: plan.results.map(({ name }) => name),
    network: relays.proxySocket === undefined ? { kind: 'none' } : { kind: 'proxy', socketPath: relays.proxySocket },
    ports: [...(relays.ports ?? [])],
    sockets: [...relays.sockets],
    masks: maskable([...steps.secrets, ...volumes.secrets, ...relays.masks, ...(await context.masks.values(reference))]),
  };
  stop.signal.throwIfAborted();
  // From here on steps may have run: whoever finds this status and no host must not run them again.
  await input.write(runningStatus(run, plan.spec, states.all, context.now(), context.gates));
  const outcome = await runTask(context, { run, plan, hostPlan, states, stop, write: input.write });
  materials.mode = outcome.mode;
  materials.produced.push(...(await relays.close()).map((image) => ({ ...image, task: input.task })));
  if (states.succeeded) await collect(trial, volumes);
  return completedStatus(run, plan.spec, states.all, context.now(), context.gates);
}

const pushConfig = { name: 'colophon-push-config', path: '/tekton/push' } as const;

/** A task with a push token: ordinary clients find it where they look for a login. */
function withPushConfig(
  steps: TaskPlanInput['steps'],
  volumes: TaskPlanInput['volumes'],
  { dockerConfig }: OpenRelays,
): Pick<TaskPlanInput, 'steps' | 'volumes'> {
  if (dockerConfig === undefined) return { steps, volumes };
  const { name, path } = pushConfig;
  const files = { 'config.json': Buffer.from(dockerConfig).toString('base64') };
  return {
    volumes: [...volumes, { kind: 'files', name, files, mode: 0o444 }],
    steps: steps.map((step) => ({
      ...step,
      env: { DOCKER_CONFIG: path, REGISTRY_AUTH_FILE: `${path}/config.json`, ...step.env },
      mounts: [...step.mounts, { volume: name, path, readOnly: true }],
    })),
  };
}

/** Takes what the steps left in images workspaces. Outputs that cannot be taken fail the task whose steps succeeded. */
async function collect({ context, input, materials }: Trial, volumes: PreparedVolumes): Promise<void> {
  for (const output of volumes.outputs) {
    try {
      const known = [...input.known, ...materials.produced];
      const request = { ...output, run: input.reference, task: input.task, known };
      materials.produced.push(...(await context.outputs.collect(request, { signal: input.stop.signal })));
    } catch (error) {
      input.stop.signal.throwIfAborted();
      throw new Ended({ reason: 'Failed', message: `images workspace "${output.workspace}": ${messageOf(error)}` });
    }
  }
}

function configError({ context, input, plan }: Trial, step: string | undefined, problem: string): TaskRunStatus {
  const steps = plan.steps.map(({ name }) => (name === step ? { name, problem } : { name }));
  return configErrorStatus(input.run, plan.spec, steps, context.now(), context.gates);
}

function note(trial: Trial, images: ReadonlyMap<string, ResolvedImage>, volumes: PreparedVolumes, steps: HostSteps): void {
  const { materials, input, plan } = trial;
  materials.inputs.push(...volumes.inputs);
  const ids = new Map<string, string>();
  for (const { name: step, image: reference } of plan.steps) {
    const { repository, digest } = images.get(reference) as ResolvedImage;
    materials.stepImages.push({ task: input.task, step, reference, repository, digest });
    ids.set(step, `${repository}@${digest}`);
  }
  trial.states = new StepStates(plan.steps.map(({ name, onError }) => ({ name, onError, imageID: ids.get(name) as string })));
  for (const reason of [...steps.notReplayable, ...volumes.notReplayable]) materials.notReplayable.add(reason);
}

/** Lines of secrets of several lines are secret each for themselves; what is shorter than four characters would be everywhere. */
function maskable(secrets: readonly string[]): string[] {
  const lines = secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]).map((line) => line.trim());
  return [...new Set(lines.filter((line) => line.length >= 4))].slice(0, 1_000);
}

function endOf(run: TaskRun, stop: Stop, error: unknown): TaskRunEnd {
  if (stop.kind === 'cancelled') {
    const spec = stop.message === undefined ? run.spec : { ...run.spec, statusMessage: stop.message };
    return cancelledEnd({ ...run, spec });
  }
  if (stop.kind === 'timeout') return timeoutEnd(run);
  return error instanceof Ended ? error.end : { reason: 'Failed', message: messageOf(error) };
}
