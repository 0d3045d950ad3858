import { mergeStepTemplate } from '../defaults/step-template.ts';
import type { TaskRun } from '../model/runs.ts';
import type { ComputeResources, EnvFromSource, EnvVar, SecurityContext, Step, TaskSpec, WorkspaceDeclaration } from '../model/task.ts';
import { milliseconds } from '../text/duration.ts';
import { mountPathOf } from '../validate/workspaces.ts';
import { stepContainer, stepName } from './names.ts';

/** A step as it is run: every variable put in, template merged. Values of ConfigMaps and Secrets are named, not yet read. */
export interface StepPlan {
  readonly name: string;
  readonly container: string;
  readonly image: string;
  /** The text of an executable file, beginning with `#!`; takes the place of `command`. */
  readonly script?: string;
  /** Absent: the image's entrypoint. */
  readonly command?: readonly string[];
  readonly args: readonly string[];
  /** Absent: the image's. */
  readonly workingDir?: string;
  readonly envFrom: readonly EnvFromSource[];
  readonly env: readonly EnvVar[];
  readonly user?: number;
  readonly group?: number;
  /** The step must not run as user 0. */
  readonly nonRoot: boolean;
  readonly readOnlyRoot: boolean;
  readonly mounts: readonly StepMount[];
  /** A failed step with `continue` does not end the task. */
  readonly onError: 'continue' | 'stopAndFail';
  readonly timeoutMilliseconds?: number;
  readonly memoryBytes?: number;
  readonly cpuMillis?: number;
}

export interface StepMount {
  readonly kind: 'workspace' | 'volume';
  /** Of the workspace or of the volume. */
  readonly name: string;
  readonly path: string;
  readonly subPath?: string;
  readonly readOnly: boolean;
}

export function stepPlans(run: TaskRun, spec: TaskSpec, declarations: readonly WorkspaceDeclaration[]): StepPlan[] {
  const isolated = new Set((spec.steps ?? []).flatMap((step) => (step.workspaces ?? []).map(({ name }) => name)));
  return mergeStepTemplate(spec).map((step, index) => stepPlan(run, step, index, { declarations, isolated }));
}

interface Workspaces {
  readonly declarations: readonly WorkspaceDeclaration[];
  /** Workspaces that some step names: only steps that name them have them. */
  readonly isolated: ReadonlySet<string>;
}

function stepPlan(run: TaskRun, step: Step, index: number, workspaces: Workspaces): StepPlan {
  const pod = (run.spec.podTemplate ?? {}) as { securityContext?: SecurityContext; env?: EnvVar[] };
  const security: SecurityContext = { ...pod.securityContext, ...step.securityContext };
  const name = stepName(step.name, index);
  const own = run.spec.stepSpecs?.find((spec) => spec.name === step.name)?.computeResources;
  const limits = limitsOf({ ...step.computeResources, ...own }, run.spec.computeResources);
  const mine = new Set((step.env ?? []).map((env) => env.name));
  return {
    name,
    container: stepContainer(step.name, index),
    image: step.image ?? '',
    ...((step.script ?? '') === '' ? {} : { script: executable(step.script as string) }),
    ...(step.command === undefined || step.command.length === 0 ? {} : { command: step.command }),
    args: step.args ?? [],
    ...((step.workingDir ?? '') === '' ? {} : { workingDir: step.workingDir as string }),
    envFrom: step.envFrom ?? [],
    env: [...(pod.env ?? []).filter((env) => !mine.has(env.name)), ...(step.env ?? [])],
    ...(security.runAsUser === undefined ? {} : { user: security.runAsUser }),
    ...(security.runAsGroup === undefined ? {} : { group: security.runAsGroup }),
    nonRoot: security.runAsNonRoot === true,
    readOnlyRoot: security.readOnlyRootFilesystem === true,
    mounts: [...workspaceMounts(run, step, workspaces), ...volumeMounts(step)],
    onError: step.onError === 'continue' ? 'continue' : 'stopAndFail',
    ...(step.timeout === undefined || milliseconds(step.timeout) === 0 ? {} : { timeoutMilliseconds: milliseconds(step.timeout) }),
    ...limits,
  };
}

/** A script without an interpreter is a shell's that stops at the first error (Tekton: docs/tasks.md, "Running scripts within Steps"). */
export function executable(script: string): string {
  return script.trimStart().startsWith('#!') ? script.replace(/^\s+/, '') : `#!/bin/sh\nset -e\n${script}`;
}

function workspaceMounts(run: TaskRun, step: Step, { declarations, isolated }: Workspaces): StepMount[] {
  const bindings = new Map((run.spec.workspaces ?? []).map((binding) => [binding.name, binding]));
  return declarations.flatMap((declaration): StepMount[] => {
    const { name } = declaration;
    const binding = bindings.get(name);
    const usage = step.workspaces?.find((one) => one.name === name);
    if (binding === undefined || (isolated.has(name) && usage === undefined)) return [];
    const path = (usage?.mountPath ?? '') === '' ? mountPathOf(declaration) : (usage?.mountPath as string);
    return [
      {
        kind: 'workspace',
        name,
        path,
        ...((binding.subPath ?? '') === '' ? {} : { subPath: binding.subPath as string }),
        readOnly: declaration.readOnly === true || binding.persistentVolumeClaim?.readOnly === true || binding.csi?.readOnly === true,
      },
    ];
  });
}

function volumeMounts(step: Step): StepMount[] {
  return (step.volumeMounts ?? []).map(({ name, mountPath, subPath, readOnly }) => ({
    kind: 'volume',
    name,
    path: mountPath,
    ...((subPath ?? '') === '' ? {} : { subPath: subPath as string }),
    readOnly: readOnly === true,
  }));
}

function limitsOf(step: ComputeResources, task: ComputeResources | undefined): { memoryBytes?: number; cpuMillis?: number } {
  const limits = { ...task?.limits, ...step.limits };
  const memory = limits['memory'] === undefined ? undefined : quantity(String(limits['memory']));
  const cpu = limits['cpu'] === undefined ? undefined : quantity(String(limits['cpu']));
  return {
    ...(memory === undefined ? {} : { memoryBytes: Math.floor(memory) }),
    ...(cpu === undefined ? {} : { cpuMillis: Math.ceil(cpu * 1000) }),
  };
}

const scales: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity (`512Mi`, `100m`, `1e3`) as a number. */
export function quantity(text: string): number | undefined {
  const found = /^([+-]?[0-9.]+)([a-zA-Z]{0,2}|[eE][+-]?[0-9]+)$/.exec(text);
  if (found === null) return undefined;
  const [, number = '', suffix = ''] = found;
  return /^[eE][+-]?\d+$/.test(suffix) ? Number(number + suffix) : Number(number) * (scales[suffix] ?? Number.NaN);
}
