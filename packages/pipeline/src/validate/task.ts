import { mergeStepTemplate } from '../defaults/step-template.ts';
import type { ParamSpec, Step, TaskSpec } from '../model/task.ts';
import { FieldErrors, each, missingField } from './field-error.ts';
import type { Gates } from './gates.ts';
import { nameFormat, noDuplicateParams, paramEnums, parameterTypes, sortByType } from './params.ts';
import { noUnknownVariables } from './references.ts';
import { taskResult } from './results.ts';
import { arrayUsage, stepVariables } from './step-variables.ts';
import { steps } from './steps.ts';
import { declaredWorkspaces, workspaceUsages } from './workspaces.ts';

/** TaskSpec.Validate: what is wrong with a task's spec in itself. */
export function taskSpec(spec: TaskSpec, gates: Gates): FieldErrors {
  // Tekton merges the template into the very steps that it goes on to check.
  const all = mergeStepTemplate(spec);
  const results = new Set((spec.results ?? []).map(({ name }) => name));
  const scripts = all.map((step, index) =>
    noUnknownVariables(step.script, 'results', results).viaField('script').viaFieldIndex('steps', index),
  );
  return (all.length === 0 ? missingField('steps') : FieldErrors.none)
    .also(volumes(spec).viaField('volumes'))
    .also(declaredWorkspaces(spec).viaField('workspaces'))
    .also(workspaceUsages(spec, gates))
    .also(steps(all, gates).viaField('steps'))
    .also(sidecars(spec))
    .also(parameterTypes(spec.params).viaField('params'))
    .also(parameterVariables(all, spec.params ?? [], gates))
    .also(stepVariables(all, 'context.taskRun', new Set(['name', 'namespace', 'uid'])))
    .also(stepVariables(all, 'context.task', new Set(['name', 'retry-count'])))
    .also(...scripts)
    .also(each(spec.results, taskResult).viaField('results'));
}

/** The params' names, and arrays only where they can stand. */
export function parameterVariables(all: readonly Step[], params: readonly ParamSpec[], gates: Gates): FieldErrors {
  const sorted = sortByType(params);
  return noDuplicateParams(params)
    .also(paramEnums(params, gates).viaField('params'))
    .also(nameFormat(sorted))
    .also(arrayUsage(all, 'params', sorted.arrays));
}

function volumes({ volumes: all }: TaskSpec): FieldErrors {
  const names = new Set<string>();
  return each(all, ({ name }) => {
    if (names.has(name)) return FieldErrors.of(`multiple volumes with same name "${name}"`, ['name']);
    names.add(name);
    return FieldErrors.none;
  });
}

function sidecars(spec: TaskSpec): FieldErrors {
  return FieldErrors.none.also(
    ...(spec.sidecars ?? []).map(({ name, image = '' }) =>
      (name === 'tekton-log-results'
        ? FieldErrors.of(`Invalid: cannot use reserved sidecar name ${name} `, ['sidecars.name'])
        : FieldErrors.none
      ).also(image === '' ? missingField('sidecars.image') : undefined),
    ),
  );
}
