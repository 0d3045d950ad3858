import type { PipelineSpec, PipelineTask } from '../model/pipeline.ts';
import { fromParams, replaceParams, replaceText, replaceWhen, type Replacements } from './replacements.ts';
import { replaceInTaskSpec } from './task-spec.ts';

/** A pipeline's spec with variables replaced in its tasks; results keep theirs until the end of the run. */
export function replaceInPipelineSpec(spec: PipelineSpec, replacements: Replacements): PipelineSpec {
  const out: PipelineSpec = { ...spec };
  if (spec.tasks !== undefined) out.tasks = spec.tasks.map((task) => replaceInPipelineTask(task, replacements));
  if (spec.finally !== undefined) out.finally = spec.finally.map((task) => replaceInPipelineTask(task, replacements));
  return out;
}

export function replaceInPipelineTask(task: PipelineTask, replacements: Replacements, inline = true): PipelineTask {
  const out: PipelineTask = { ...task };
  if (task.params !== undefined) out.params = replaceParams(task.params, replacements);
  if (task.when !== undefined) out.when = replaceWhen(task.when, replacements);
  if (task.displayName !== undefined) out.displayName = replaceText(task.displayName, replacements);
  if (task.onError !== undefined) out.onError = replaceText(task.onError, replacements);
  if (task.workspaces !== undefined) {
    out.workspaces = task.workspaces.map((workspace) =>
      workspace.subPath === undefined ? workspace : { ...workspace, subPath: replaceText(workspace.subPath, replacements) },
    );
  }
  if (task.taskRef !== undefined) {
    out.taskRef = { ...task.taskRef };
    if (task.taskRef.name !== undefined) out.taskRef.name = replaceText(task.taskRef.name, replacements);
    if (task.taskRef.params !== undefined) out.taskRef.params = replaceParams(task.taskRef.params, replacements);
  }
  if (inline && task.taskSpec !== undefined) {
    out.taskSpec = replaceInTaskSpec(task.taskSpec, scoped(replacements, out));
  }
  return out;
}

/**
 * What reaches the inline spec of a task without being passed on ("propagated params"): params that the task itself is
 * given, or declares with a default, hide those of the pipeline.
 */
function scoped(replacements: Replacements, task: PipelineTask): Replacements {
  const given = task.params ?? [];
  const own = new Set(given.map(({ name }) => name));
  const declared = (task.taskSpec?.params ?? []).filter(({ name, default: value }) => value !== undefined && !own.has(name));
  if (given.length === 0 && declared.length === 0) return replacements;
  const mine = fromParams(given);
  const hidden = new Set(declared.map(({ name }) => name));
  const known = (key: string) => replacements.strings.has(key) || replacements.arrays.has(key) || replacements.objects.has(key);
  const outer = <Value>(map: ReadonlyMap<string, Value>, own: ReadonlyMap<string, Value>): Map<string, Value> => {
    const merged = new Map<string, Value>([...map].filter(([key]) => !hidden.has(paramOf(key))));
    for (const [key, value] of own) if (known(`params.${paramOf(key)}`) || known(key)) merged.set(key, value);
    return merged;
  };
  return {
    strings: outer(replacements.strings, mine.strings),
    arrays: outer(replacements.arrays, mine.arrays),
    objects: outer(replacements.objects, mine.objects),
  };
}

/** The param that a key speaks of: `params.a.b[0]` is about a. Empty for other keys. */
function paramOf(key: string): string {
  const quoted = /^params\[["'](.*?)["']\]/.exec(key);
  if (quoted !== null) return quoted[1] as string;
  return /^params\.([^.[]+)/.exec(key)?.[1] ?? '';
}
