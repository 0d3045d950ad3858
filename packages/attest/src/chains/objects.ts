import type { DigestSet } from '../statement/types.ts';

/*
 * The parts of tekton.dev/v1 runs that Chains reads. They are structural: an object of the store, a recorded one and the types of the room `pipeline` all fit.
 * The attacker may control every result; names, uids, image ids and times are the controller's.
 */

export type Value = string | readonly string[] | Readonly<Record<string, string>>;

export interface NamedValue {
  readonly name: string;
  readonly value: Value;
  readonly type?: string;
}

export interface ParamSpec {
  readonly name: string;
  readonly default?: Value;
}

export interface Run<Spec = RunSpec, Status = RunStatus> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Spec;
  readonly status?: Status;
}

export interface RunSpec {
  readonly params?: readonly NamedValue[];
}

export interface RunStatus {
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  readonly results?: readonly NamedValue[];
  readonly provenance?: RunProvenance;
}

export interface RunProvenance {
  readonly refSource?: RefSource;
  readonly featureFlags?: Readonly<Record<string, unknown>>;
}

/** Where a resolver got a definition from. */
export interface RefSource {
  readonly uri?: string;
  readonly digest?: DigestSet;
  readonly entryPoint?: string;
}

export interface StepSpec {
  readonly name?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly script?: string;
}

export interface StepState {
  readonly name?: string;
  readonly container?: string;
  readonly imageID?: string;
  readonly results?: readonly NamedValue[];
  readonly provenance?: RunProvenance;
}

export interface TaskRunStatus extends RunStatus {
  readonly steps?: readonly StepState[];
  readonly sidecars?: readonly { readonly imageID?: string }[];
  readonly taskSpec?: { readonly params?: readonly ParamSpec[]; readonly steps?: readonly StepSpec[] };
}

export interface PipelineTask {
  readonly name: string;
  readonly runAfter?: readonly string[];
  readonly taskRef?: Readonly<Record<string, unknown>>;
  readonly params?: readonly NamedValue[];
  readonly when?: readonly { readonly input?: string; readonly values?: readonly string[]; readonly cel?: string }[];
  readonly matrix?: {
    readonly params?: readonly NamedValue[];
    readonly include?: readonly { readonly params?: readonly NamedValue[] }[];
  };
}

export interface PipelineRunSpec extends RunSpec {
  readonly pipelineRef?: { readonly resolver?: string };
  readonly taskRunTemplate?: { readonly serviceAccountName?: string };
}

export interface PipelineRunStatus extends RunStatus {
  readonly childReferences?: readonly { readonly kind?: string; readonly name?: string }[];
  readonly pipelineSpec?: {
    readonly params?: readonly ParamSpec[];
    readonly tasks?: readonly PipelineTask[];
    readonly finally?: readonly PipelineTask[];
  };
}

export type TaskRun = Run<RunSpec & { readonly taskRef?: { readonly resolver?: string } }, TaskRunStatus>;
export type PipelineRun = Run<PipelineRunSpec, PipelineRunStatus>;

/** A PipelineRun with its TaskRuns in the order of its childReferences. */
export interface PipelineRunFamily {
  readonly run: PipelineRun;
  readonly taskRuns: readonly TaskRun[];
}

export const pipelineTaskLabel = 'tekton.dev/pipelineTask';

/** The PipelineRun's tasks, then its finally tasks, each with those of its TaskRuns that finished (several where there is a matrix). */
export function executedTasks({ run, taskRuns }: PipelineRunFamily): { task: PipelineTask; isFinally: boolean; taskRuns: TaskRun[] }[] {
  const { tasks = [], finally: last = [] } = run.status?.pipelineSpec ?? {};
  return [...tasks, ...last].map((task, index) => ({
    task,
    isFinally: index >= tasks.length,
    taskRuns: taskRuns.filter(
      ({ metadata, status }) => metadata.labels?.[pipelineTaskLabel] === task.name && status?.completionTime !== undefined,
    ),
  }));
}

/** Values of a string param or result; '' for arrays and objects, as Go's zero value is. */
export function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : '';
}
