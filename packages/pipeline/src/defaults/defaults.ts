import type { Pipeline, PipelineSpec, PipelineTask } from '../model/pipeline.ts';
import type { PipelineRun, TaskRun } from '../model/runs.ts';
import type { ParamSpec, Task, TaskResult, TaskSpec } from '../model/task.ts';
import { typeOf, type ParamType } from '../model/value.ts';

/** One hour: `default-timeout-minutes` of a released Tekton. */
export const defaultTimeout = '1h0m0s';

/** What Tekton's mutating webhook fills in. Each function changes and returns the object that it is given: just decoded, nobody else's. */
export function defaultTask(task: Task): Task {
  defaultTaskSpec(task.spec);
  return task;
}

export function defaultTaskSpec(spec: TaskSpec): TaskSpec {
  for (const param of spec.params ?? []) defaultParam(param);
  for (const result of spec.results ?? []) defaultResult(result);
  return spec;
}

export function defaultPipeline(pipeline: Pipeline): Pipeline {
  defaultPipelineSpec(pipeline.spec);
  return pipeline;
}

export function defaultPipelineSpec(spec: PipelineSpec): PipelineSpec {
  for (const param of spec.params ?? []) defaultParam(param);
  for (const task of [...(spec.tasks ?? []), ...(spec.finally ?? [])]) defaultPipelineTask(task);
  return spec;
}

function defaultPipelineTask(task: PipelineTask): void {
  if (task.taskRef !== undefined && (task.taskRef.resolver ?? '') === '') task.taskRef.kind ??= 'Task';
  if (task.taskSpec !== undefined) defaultTaskSpec(task.taskSpec);
}

export function defaultTaskRun(run: TaskRun): TaskRun {
  const { spec } = run;
  if (spec.taskRef !== undefined) spec.taskRef.kind ??= 'Task';
  spec.timeout ??= defaultTimeout;
  spec.serviceAccountName ??= 'default';
  if (spec.taskSpec !== undefined) defaultTaskSpec(spec.taskSpec);
  managed(run);
  return run;
}

export function defaultPipelineRun(run: PipelineRun): PipelineRun {
  const { spec } = run;
  spec.timeouts ??= {};
  spec.timeouts.pipeline ??= defaultTimeout;
  spec.taskRunTemplate ??= {};
  spec.taskRunTemplate.serviceAccountName ??= 'default';
  if (spec.pipelineSpec !== undefined) defaultPipelineSpec(spec.pipelineSpec);
  return run;
}

function managed({ metadata }: TaskRun): void {
  metadata.labels = { ...metadata.labels };
  metadata.labels['app.kubernetes.io/managed-by'] ??= 'tekton-pipelines';
}

export function defaultParam(param: ParamSpec): void {
  if ((param.type as string | undefined) === '') delete param.type;
  if (param.type === undefined) {
    if (param.properties !== undefined) param.type = 'object';
    else param.type = param.default === undefined ? 'string' : typeOf(param.default);
  }
  for (const property of Object.values(param.properties ?? {}))
    if ((property.type ?? '') === '') property.type = 'string' satisfies ParamType;
}

function defaultResult(result: TaskResult): void {
  if ((result.type as string | undefined) === '') delete result.type;
  result.type ??= result.properties === undefined ? 'string' : 'object';
  for (const property of Object.values(result.properties ?? {}))
    if ((property.type ?? '') === '') property.type = 'string' satisfies ParamType;
}
