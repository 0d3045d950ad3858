import { resultRefs } from '../graph/deps.ts';
import type { PipelineTask } from '../model/pipeline.ts';
import type { TaskRun } from '../model/runs.ts';
import type { ParamValue } from '../model/value.ts';
import type { ResultRef } from '../variables/references.ts';
import type { Replacements } from '../variables/replacements.ts';
import { isContinue, isFailed, isSuccessful, type TaskState } from './facts.ts';

/** The values of results of other tasks that a task uses, or why they cannot be had and from which task. */
export type Resolution = { readonly replacements: Replacements } | { readonly problem: string; readonly from: string };

export function resultOf(run: TaskRun | undefined, name: string): ParamValue | undefined {
  return run?.status?.results?.find((result) => result.name === name)?.value;
}

export function usesResults(task: PipelineTask): boolean {
  return resultRefs(task).length > 0;
}

export function resolveResults(task: PipelineTask, states: ReadonlyMap<string, TaskState>): Resolution {
  const strings = new Map<string, string>();
  const arrays = new Map<string, string[]>();
  const objects = new Map<string, Record<string, string>>();
  for (const ref of resultRefs(task)) {
    const state = states.get(ref.pipelineTask);
    if (state === undefined) return { problem: `could not find task "${ref.pipelineTask}" referenced by result`, from: ref.pipelineTask };
    const ended = isSuccessful(state) || (isFailed(state) && isContinue(state));
    if (!ended) return { problem: `task "${ref.pipelineTask}" referenced by result was not successful`, from: ref.pipelineTask };
    const value = resultOf(state.run, ref.result);
    if (value === undefined) return { problem: missing(ref, state, task), from: ref.pipelineTask };
    enter(ref, value, { strings, arrays, objects });
  }
  return { replacements: { strings, arrays, objects } };
}

/** Tekton tells apart a task that succeeded without its result and one whose failure was ignored. */
function missing(ref: ResultRef, state: TaskState, user: PipelineTask): string {
  if (isSuccessful(state)) {
    return `task "${ref.pipelineTask}" completed successfully but did not emit the result "${ref.result}", which is referenced by task "${user.name}"`;
  }
  return `Invalid task result reference: Could not find result with name ${ref.result} for pipeline task ${ref.pipelineTask}`;
}

function enter(
  { pipelineTask, result }: ResultRef,
  value: ParamValue,
  {
    strings,
    arrays,
    objects,
  }: { strings: Map<string, string>; arrays: Map<string, string[]>; objects: Map<string, Record<string, string>> },
): void {
  const base = `tasks.${pipelineTask}.results`;
  for (const key of [`${base}.${result}`, `${base}["${result}"]`, `${base}['${result}']`]) {
    if (typeof value === 'string') strings.set(key, value);
    else if (Array.isArray(value)) {
      arrays.set(key, value);
      for (const [index, text] of value.entries()) strings.set(`${key}[${index}]`, text);
    } else {
      objects.set(key, value);
      for (const [property, text] of Object.entries(value)) strings.set(`${key}.${property}`, text);
    }
  }
}

/** `$(tasks.T.results.R[5])` beyond the end of R. */
export function resultIndexProblem(task: PipelineTask, states: ReadonlyMap<string, TaskState>): string | undefined {
  for (const { pipelineTask, result, index } of resultRefs(task)) {
    const value = resultOf(states.get(pipelineTask)?.run, result);
    if (index !== undefined && Array.isArray(value) && index >= value.length) {
      return `array Result Index ${index} for Task ${pipelineTask} Result ${result} is out of bound of size ${value.length}`;
    }
  }
  return undefined;
}
