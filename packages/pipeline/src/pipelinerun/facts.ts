import type { Graph } from '../graph/graph.ts';
import type { PipelineTask } from '../model/pipeline.ts';
import type { TaskRun } from '../model/runs.ts';
import type { TaskSpec } from '../model/task.ts';
import { conditionOf, isDone } from '../status/condition.ts';

/** The task that a pipeline task runs, as it was resolved. `name` is empty for an inline spec. */
export interface ResolvedTask {
  readonly name: string;
  readonly spec: TaskSpec;
}

/** One task of a pipeline in a run: its spec after params and contexts were put in, what it runs, and its TaskRun if there is one. */
export interface TaskState {
  readonly task: PipelineTask;
  readonly final: boolean;
  readonly resolved: ResolvedTask;
  readonly run: TaskRun | undefined;
}

export const skipReasons = {
  none: 'None',
  cancelled: 'PipelineRun was gracefully cancelled',
  stopped: 'PipelineRun was gracefully stopped',
  when: 'When Expressions evaluated to false',
  parent: 'Parent Tasks were skipped',
  stopping: 'PipelineRun was stopping',
  results: 'Results were missing',
  pipelineTimeout: 'PipelineRun timeout has been reached',
  tasksTimeout: 'PipelineRun Tasks timeout has been reached',
  finallyTimeout: 'PipelineRun Finally timeout has been reached',
} as const;
export type SkipReason = (typeof skipReasons)[keyof typeof skipReasons];

/** Milliseconds: when the run and its finally tasks started, and how long they may take (undefined: as long as they like). */
export interface Clock {
  readonly now: number;
  readonly start: number;
  readonly finallyStart: number | undefined;
  readonly limits: { readonly pipeline: number | undefined; readonly tasks: number | undefined; readonly finally: number | undefined };
}

export interface Facts {
  readonly states: readonly TaskState[];
  readonly byName: ReadonlyMap<string, TaskState>;
  readonly graph: Graph;
  /** `spec.status` of the run. */
  readonly wanted: string;
  readonly clock: Clock;
  /** Tasks whose result references cannot be met, with the reason: they fail validation, nothing new starts. */
  readonly invalid: ReadonlyMap<string, string>;
}

export const cancelledByTimeout = 'TaskRun cancelled as the PipelineRun it belongs to has timed out.';
export const cancelledByPipeline = 'TaskRun cancelled as the PipelineRun it belongs to has been cancelled.';

export const isContinue = ({ task }: TaskState): boolean => task.onError === 'continue';
export const isScheduled = ({ run }: TaskState): boolean => run !== undefined;
export const isSuccessful = ({ run }: TaskState): boolean => conditionOf(run?.status)?.status === 'True';
export const isFailed = ({ run }: TaskState): boolean => conditionOf(run?.status)?.status === 'False';
export const isRunning = ({ run }: TaskState): boolean => run !== undefined && !isDone(run.status);
export const isCancelled = (state: TaskState): boolean => isFailed(state) && conditionOf(state.run?.status)?.reason === 'TaskRunCancelled';
export const isCancelledForTimeout = (state: TaskState): boolean =>
  isCancelled(state) && state.run?.spec.statusMessage === cancelledByTimeout;

/** No new task of the graph starts any more: one failed, was cancelled, or cannot be run. */
export function isStopping(facts: Facts): boolean {
  return facts.states.some(
    (state) => !state.final && (isCancelled(state) || (isFailed(state) && !isContinue(state)) || facts.invalid.has(state.task.name)),
  );
}
