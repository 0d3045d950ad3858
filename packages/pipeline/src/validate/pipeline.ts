import { allParams } from '../graph/deps.ts';
import { mergeStepTemplate } from '../defaults/step-template.ts';
import { buildGraph } from '../graph/graph.ts';
import type { PipelineSpec, PipelineTask } from '../model/pipeline.ts';
import type { ParamSpec } from '../model/task.ts';
import { textsOf } from '../model/value.ts';
import { FieldErrors, each, invalidValue } from './field-error.ts';
import type { Gates } from './gates.ts';
import { isMatrixed, matrixResults, matrixRules, matrixVariables } from './matrix.ts';
import { declared, noDuplicateParams, paramEnums, parameterTypes, taskParameterVariables, uniqueParams } from './params.ts';
import { finalResults, pipelineResults, nestedResults } from './pipeline-results.ts';
import { pipelineTasks } from './pipeline-tasks.ts';
import { noUnknownVariables } from './references.ts';
import { executionStatus, variablePrefixes } from './status-variables.ts';
import { declaredParameterUsage } from './step-variables.ts';
import { whenExpressions, whenVariables } from './when.ts';
import { artifactsInParams } from './pipeline-artifacts.ts';

/** PipelineSpec.Validate: what is wrong with a pipeline's spec in itself. */
export function pipelineSpec(spec: PipelineSpec, gates: Gates): FieldErrors {
  const tasks = spec.tasks ?? [];
  const last = spec.finally ?? [];
  const params = spec.params ?? [];
  const graph = buildGraph(tasks);
  const matrixed = new Map(tasks.filter(isMatrixed).map((task) => [task.name, task]));
  const names = new Set<string>();
  return nothingAtAll(spec)
    .also(pipelineTasks(tasks, 'tasks', names, gates, pipelineSpec), pipelineTasks(last, 'finally', names, gates, pipelineSpec))
    .also('problem' in graph ? invalidValue(graph.problem, 'tasks') : undefined)
    .also(parameters(tasks, params, gates).viaField('tasks'), parameters(last, params, gates).viaField('finally'))
    .also(contextVariables(tasks).viaField('tasks'), contextVariables(last).viaField('finally'))
    .also(executionStatus(tasks, last))
    .also(variablePrefixes(tasks).viaField('tasks'), variablePrefixes(last).viaField('finally'))
    .also(artifactsInParams(tasks, gates).viaField('tasks'), artifactsInParams(last, gates).viaField('finally'))
    .also(workspaceDeclarations(spec))
    .also(pipelineResults(spec))
    .also(
      last.length > 0 && tasks.length === 0
        ? invalidValue(`spec.tasks is empty but spec.finally has ${last.length} tasks`, 'finally')
        : undefined,
    )
    .also(finalResults(tasks, last))
    .also(nestedResults(tasks, tasks).viaField('tasks'), nestedResults(tasks, last).viaField('finally'))
    .also(each(tasks, ({ when }) => whenExpressions(when, gates)).viaField('tasks'))
    .also(each(last, ({ when }) => whenExpressions(when, gates)).viaField('finally'))
    .also(each(tasks, (task) => matrixRules(task, gates)).viaField('tasks'))
    .also(each(last, (task) => matrixRules(task, gates)).viaField('finally'))
    .also(matrixResults(tasks, 'tasks', matrixed), matrixResults(last, 'finally', matrixed));
}

function nothingAtAll(spec: PipelineSpec): FieldErrors {
  const empty = Object.values(spec).every((value) => value === undefined || value === '' || (Array.isArray(value) && value.length === 0));
  if (!empty) return FieldErrors.none;
  return FieldErrors.of('expected at least one, got none', ['description', 'params', 'resources', 'tasks', 'workspaces']);
}

/** The pipeline's own params, and each name once in what a task is given. */
export function parameters(tasks: readonly PipelineTask[], params: readonly ParamSpec[], gates: Gates): FieldErrors {
  return parameterTypes(params)
    .viaField('params')
    .also(noDuplicateParams(params))
    .also(paramEnums(params, gates).viaField('params'))
    .also(each(tasks, (task) => uniqueParams(task.params).viaField('params')));
}

/** Context variables in the params of the last task: of the others, Tekton does not look at them. */
function contextVariables(tasks: readonly PipelineTask[]): FieldErrors {
  const last = tasks.at(-1);
  const values = last === undefined ? [] : allParams(last).flatMap(({ value }) => textsOf(value));
  const known: [string, Set<string>][] = [
    ['context.pipelineRun', new Set(['name', 'namespace', 'uid'])],
    ['context.pipeline', new Set(['name'])],
    ['context.pipelineTask', new Set(['retries'])],
  ];
  return FieldErrors.none.also(
    ...known.flatMap(([prefix, names]) => values.map((value) => noUnknownVariables(value, prefix, names).viaField('value'))),
  );
}

function workspaceDeclarations({ workspaces }: PipelineSpec): FieldErrors {
  const names = new Set<string>();
  return each(workspaces, ({ name }, index) => {
    let errors = name === '' ? invalidValue(`workspace ${index} has empty name`, '') : FieldErrors.none;
    if (names.has(name)) errors = errors.also(invalidValue(`workspace with name "${name}" appears more than once`, ''));
    names.add(name);
    return errors;
  }).viaField('workspaces');
}

/** For a Pipeline of its own: every param that its tasks use is declared. */
export function pipelineParameterUsage(spec: PipelineSpec): FieldErrors {
  const inline = (tasks: readonly PipelineTask[] | undefined, path: string) =>
    each(tasks, ({ taskSpec }) =>
      taskSpec === undefined
        ? FieldErrors.none
        : declaredParameterUsage(mergeStepTemplate(taskSpec), [...(taskSpec.params ?? []), ...(spec.params ?? [])]),
    ).viaField(path);
  return inline(spec.tasks, 'tasks')
    .also(inline(spec.finally, 'finally'))
    .also(taskParameterUsage(spec.tasks ?? [], spec.params ?? []).viaField('tasks'))
    .also(taskParameterUsage(spec.finally ?? [], spec.params ?? []).viaField('finally'));
}

export function taskParameterUsage(tasks: readonly PipelineTask[], params: readonly ParamSpec[]): FieldErrors {
  const names = declared(params);
  return each(tasks, (task) =>
    taskParameterVariables(task.params, names)
      .also(task.matrix !== undefined && isMatrixed(task) ? matrixVariables(task.matrix, names) : undefined)
      .also(whenVariables(task.when, names)),
  );
}

/** For a Pipeline of its own: every workspace that its tasks use is declared. */
export function pipelineWorkspaceUsage(spec: PipelineSpec): FieldErrors {
  const known = new Set((spec.workspaces ?? []).map(({ name }) => name));
  const usage = (tasks: readonly PipelineTask[] | undefined) =>
    each(tasks, (task) => {
      const bound = new Set<string>();
      return each(task.workspaces, ({ name, workspace }) => {
        let errors = bound.has(name) ? FieldErrors.of(`workspace name "${name}" must be unique`, ['']) : FieldErrors.none;
        bound.add(name);
        const wanted = (workspace ?? '') === '' ? name : (workspace as string);
        if (!known.has(wanted)) {
          errors = errors.also(
            invalidValue(`pipeline task "${task.name}" expects workspace with name "${wanted}" but none exists in pipeline spec`, ''),
          );
        }
        return errors;
      }).viaField('workspaces');
    });
  return usage(spec.tasks).viaField('tasks').also(usage(spec.finally).viaField('finally'));
}
