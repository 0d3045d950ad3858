import { resultRefs } from '../graph/deps.ts';
import type { PipelineSpec } from '../model/pipeline.ts';
import type { PipelineRun } from '../model/runs.ts';
import { typeOf } from '../model/value.ts';
import { textsOf } from '../model/value.ts';
import { taskParamsProblem, beyond } from '../taskrun/params.ts';
import { expressionsIn, parseResultRef } from '../variables/references.ts';
import { whenTexts } from '../graph/deps.ts';
import type { TaskState } from './facts.ts';

export interface Failure {
  readonly reason: string;
  readonly message: string;
}

/** What Tekton checks before it looks at a run's tasks: params and workspaces against the pipeline. */
export function runProblem(run: PipelineRun, pipelineName: string, spec: PipelineSpec): Failure | undefined {
  const namespace = run.metadata.namespace ?? '';
  const runName = `${namespace}/${run.metadata.name}`;
  const pipeline = `${namespace}/${pipelineName}`;
  const given = new Map((run.spec.params ?? []).map(({ name, value }) => [name, value]));
  const declared = spec.params ?? [];
  const missing = declared.filter(({ name, default: value }) => value === undefined && !given.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    return fail(
      'ParameterMissing',
      `[User error] PipelineRun ${runName} is missing some parameters required by Pipeline ${pipeline}: pipelineRun missing parameters: [${missing.join(' ')}]`,
    );
  }
  const wrong = declared
    .filter(({ name, type }) => given.has(name) && typeOf(given.get(name)!) !== (type ?? 'string'))
    .map(({ name }) => name);
  if (wrong.length > 0) {
    return fail(
      'ParameterTypeMismatch',
      `[User error] PipelineRun ${runName} parameters have mismatching types with Pipeline ${pipeline}'s parameters: parameters have inconsistent types : [${wrong.join(' ')}]`,
    );
  }
  const keys = declared.flatMap(({ name, type, properties, default: fallback }) => {
    if (type !== 'object') return [];
    const has = {
      ...(typeof fallback === 'object' && !Array.isArray(fallback) ? fallback : {}),
      ...(given.get(name) as object | undefined),
    };
    const lacking = Object.keys(properties ?? {}).filter((key) => !Object.hasOwn(has, key));
    return lacking.length === 0 ? [] : [`${name}:[${lacking.sort().join(' ')}]`];
  });
  if (keys.length > 0) {
    return fail(
      'ObjectParameterMissKeys',
      `[User error] PipelineRun ${runName} parameters is missing object keys required by Pipeline ${pipeline}'s parameters: pipelineRun missing object keys for parameters: map[${keys.join(' ')}]`,
    );
  }
  const index = indexProblem(run, spec);
  if (index !== undefined) {
    return fail(
      'ParamArrayIndexingInvalid',
      `[User error] PipelineRun ${runName} failed validation: failed to validate Pipeline ${pipeline}'s parameter which has an invalid index while indexing array parameters: ${index}`,
    );
  }
  const bound = new Set((run.spec.workspaces ?? []).map(({ name }) => name));
  const unbound = (spec.workspaces ?? []).find(({ name, optional }) => optional !== true && !bound.has(name));
  if (unbound !== undefined) {
    return fail(
      'InvalidWorkspaceBindings',
      `[User error] PipelineRun ${runName} doesn't bind Pipeline ${pipeline}'s Workspaces correctly: pipeline requires workspace with name "${unbound.name}" be provided by pipelinerun`,
    );
  }
  const names = new Set([...(spec.tasks ?? []), ...(spec.finally ?? [])].map(({ name }) => name));
  const stray = (run.spec.taskRunSpecs ?? []).find(({ pipelineTaskName }) => !names.has(pipelineTaskName ?? ''));
  if (stray !== undefined) {
    return fail(
      'InvalidTaskRunSpecs',
      `[User error] PipelineRun ${runName} doesn't define taskRunSpecs correctly: pipelineRun's taskrunSpecs defined wrong taskName: "${stray.pipelineTaskName ?? ''}", does not exist in Pipeline`,
    );
  }
  return undefined;
}

function indexProblem(run: PipelineRun, spec: PipelineSpec): string | undefined {
  const lengths = new Map<string, number>();
  for (const { name, default: value } of spec.params ?? []) if (Array.isArray(value)) lengths.set(name, value.length);
  for (const { name, value } of run.spec.params ?? []) if (Array.isArray(value)) lengths.set(name, value.length);
  const texts = [...(spec.tasks ?? []), ...(spec.finally ?? [])].flatMap((task) => [
    ...(task.params ?? []).flatMap(({ value }) => textsOf(value)),
    ...whenTexts(task.when),
    ...(task.workspaces ?? []).map(({ subPath }) => subPath ?? ''),
  ]);
  return beyond(texts.flatMap(expressionsIn), lengths);
}

/** What Tekton checks of a run's tasks each time it looks, and of their results before the first of them starts. */
export function tasksProblem(run: PipelineRun, spec: PipelineSpec, states: readonly TaskState[]): Failure | undefined {
  for (const { task, resolved } of states) {
    const problem = taskParamsProblem(resolved.spec, task.params ?? []);
    if (problem !== undefined) {
      return fail(
        'PipelineValidationFailed',
        `[User error] Validation failed for pipelinerun ${run.metadata.name} with error invalid input params for task ${resolved.name}: ${problem}`,
      );
    }
  }
  if (states.some((state) => state.run !== undefined)) return undefined;
  const byName = new Map(states.map((state) => [state.task.name, state]));
  for (const { task } of states) {
    for (const { pipelineTask, result } of resultRefs(task)) {
      const problem = resultProblem(pipelineTask, result, byName);
      if (problem !== undefined)
        return fail('InvalidTaskResultReference', `invalid result reference in pipeline task "${task.name}": ${problem}`);
    }
  }
  for (const { name, value } of spec.results ?? []) {
    for (const ref of textsOf(value)
      .flatMap(expressionsIn)
      .map((text) => parseResultRef(text))) {
      const problem = ref === undefined ? undefined : resultProblem(ref.pipelineTask, ref.result, byName);
      if (problem !== undefined) return fail('InvalidPipelineResultReference', `invalid pipeline result "${name}": ${problem}`);
    }
  }
  return optionalWorkspaceProblem(spec, states);
}

function resultProblem(from: string, result: string, states: ReadonlyMap<string, TaskState>): string | undefined {
  const state = states.get(from);
  if (state === undefined) return `referenced pipeline task "${from}" does not exist`;
  if ((state.resolved.spec.results ?? []).some(({ name }) => name === result)) return undefined;
  return `"${result}" is not a named result returned by pipeline task "${from}"`;
}

function optionalWorkspaceProblem(spec: PipelineSpec, states: readonly TaskState[]): Failure | undefined {
  const optional = new Set((spec.workspaces ?? []).filter((workspace) => workspace.optional === true).map(({ name }) => name));
  for (const { task, resolved } of states) {
    for (const { name, workspace } of task.workspaces ?? []) {
      if (!optional.has((workspace ?? '') === '' ? name : (workspace as string))) continue;
      if (!(resolved.spec.workspaces ?? []).some((declared) => declared.name === name && declared.optional !== true)) continue;
      return fail(
        'RequiredWorkspaceMarkedOptional',
        `pipeline workspace "${workspace ?? name}" is marked optional but pipeline task "${task.name}" requires it be provided`,
      );
    }
  }
  return undefined;
}

function fail(reason: string, message: string): Failure {
  return { reason, message };
}
