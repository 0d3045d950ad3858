import { posix } from 'node:path';
import { expand, resolveEnv, type StepPlan, type TaskRunPlan } from '@colophon/pipeline';
import type { TaskPlanInput } from '../plan/plan.ts';
import type { ResolvedImage } from './contract.ts';
import type { NamespaceData } from './lookup.ts';
import type { PreparedVolumes } from './volumes.ts';

type HostStep = TaskPlanInput['steps'][number];

/** A step that cannot be configured: which, and why, in the kubelet's words. */
export interface StepProblem {
  readonly step: string;
  readonly problem: string;
}

export interface HostSteps {
  readonly steps: HostStep[];
  /** Values of Secrets in the steps' environments. */
  readonly secrets: string[];
  readonly notReplayable: Set<'configMap' | 'secret'>;
}

/** The steps as the host runs them: images by digest, environments as text, mounts by the host's names. */
export function hostSteps(
  plan: TaskRunPlan,
  images: ReadonlyMap<string, ResolvedImage>,
  volumes: Pick<PreparedVolumes, 'nameOf'>,
  data: NamespaceData,
): HostSteps | StepProblem {
  const out: HostSteps = { steps: [], secrets: [], notReplayable: new Set() };
  for (const step of plan.steps) {
    const image = images.get(step.image) as ResolvedImage;
    const env = resolveEnv(step.envFrom, step.env, data);
    if ('problem' in env) return { step: step.name, problem: env.problem };
    out.secrets.push(...env.secrets);
    noteSources(step, out.notReplayable);
    const values = new Map([...imageEnv(image), ...env.values]);
    out.steps.push({
      name: step.name,
      container: step.container,
      image: { digest: image.digest },
      ...(step.script === undefined ? {} : { script: step.script }),
      argv: argv(step, image).map((text) => expand(text, values)),
      env: Object.fromEntries(values),
      workingDir: posix.resolve('/', image.config.workingDir, expand(step.workingDir ?? '', values)),
      user: user(step, image),
      nonRoot: step.nonRoot,
      readOnlyRoot: step.readOnlyRoot,
      mounts: step.mounts.flatMap(({ kind, name, path, subPath, readOnly }) => {
        const volume = volumes.nameOf(kind, name);
        return volume === undefined ? [] : [{ volume, path, readOnly, ...(subPath === undefined ? {} : { subPath }) }];
      }),
      onError: step.onError,
      ...(step.timeoutMilliseconds === undefined ? {} : { timeoutMs: step.timeoutMilliseconds }),
      limits: {
        ...(step.memoryBytes === undefined ? {} : { memoryBytes: step.memoryBytes }),
        ...(step.cpuMillis === undefined ? {} : { cpuMillis: step.cpuMillis }),
      },
    });
  }
  return out;
}

/** A mount of a volume that nobody declared is a fault of the task, not to be left out. */
export function unknownMount(plan: TaskRunPlan): string | undefined {
  const known = new Set(plan.volumes.map(({ name }) => name));
  for (const { name: step, mounts } of plan.steps) {
    const stray = mounts.find(({ kind, name }) => kind === 'volume' && !known.has(name));
    if (stray !== undefined) return `step "${step}" mounts volume "${stray.name}", which the task does not have`;
  }
  return undefined;
}

/** OCI image-spec, config.md: without a command the image's Entrypoint, with its Cmd unless arguments are given. */
function argv(step: StepPlan, { config }: ResolvedImage): string[] {
  if (step.script !== undefined) return [...step.args];
  if (step.command !== undefined) return [...step.command, ...step.args];
  return [...config.entrypoint, ...(step.args.length > 0 ? step.args : config.command)];
}

function imageEnv({ config }: ResolvedImage): [string, string][] {
  return config.env.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at === -1 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
}

function user(step: StepPlan, { config }: ResolvedImage): string {
  if (step.user === undefined && step.group === undefined) return config.user;
  const own = step.user === undefined ? config.user.split(':')[0] || '0' : String(step.user);
  return step.group === undefined ? own : `${own}:${step.group}`;
}

function noteSources({ env, envFrom }: StepPlan, into: Set<'configMap' | 'secret'>): void {
  for (const { configMapRef, secretRef } of envFrom) {
    if (configMapRef !== undefined) into.add('configMap');
    if (secretRef !== undefined) into.add('secret');
  }
  for (const { valueFrom } of env) {
    if (valueFrom?.configMapKeyRef !== undefined) into.add('configMap');
    if (valueFrom?.secretKeyRef !== undefined) into.add('secret');
  }
}
