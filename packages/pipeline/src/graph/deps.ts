import type { Param, Step, WhenExpression } from '../model/task.ts';
import type { PipelineTask } from '../model/pipeline.ts';
import { textsOf } from '../model/value.ts';
import { expressionsIn, parseResultRef, type ResultRef } from '../variables/references.ts';

export function whenTexts(when: readonly WhenExpression[] | undefined): string[] {
  return (when ?? []).flatMap(({ input, values, cel }) => [input ?? '', ...(values ?? []), cel ?? '']);
}

export function allParams(task: PipelineTask): Param[] {
  return [...(task.params ?? []), ...(task.matrix?.params ?? []), ...(task.matrix?.include ?? []).flatMap(({ params }) => params ?? [])];
}

/** Every reference to another task's result that orders this task after it: params, matrix, when, displayName, subPath, taskRef. */
export function resultRefs(task: PipelineTask): ResultRef[] {
  const texts = [
    ...allParams(task).flatMap(({ value }) => textsOf(value)),
    ...whenTexts(task.when),
    ...(task.taskRef?.params ?? []).flatMap(({ value }) => textsOf(value)),
    task.taskRef?.name ?? '',
    task.displayName ?? '',
    ...(task.workspaces ?? []).map(({ subPath }) => subPath ?? ''),
    ...(task.taskSpec?.steps ?? []).flatMap(stepTexts),
  ];
  return texts
    .flatMap(expressionsIn)
    .map((text) => parseResultRef(text))
    .filter((ref) => ref !== undefined);
}

/** Inline steps may use results of other tasks without a param in between ("propagated results"). */
function stepTexts({ script, command, args, env }: Step): string[] {
  return [script ?? '', ...(command ?? []), ...(args ?? []), ...(env ?? []).map(({ value }) => value ?? '')];
}

/** The names of the tasks that come before this one: results that it uses, and runAfter. Sorted, each once. */
export function depsOf(task: PipelineTask): string[] {
  return [...new Set([...resultRefs(task).map(({ pipelineTask }) => pipelineTask), ...(task.runAfter ?? [])])].sort();
}
