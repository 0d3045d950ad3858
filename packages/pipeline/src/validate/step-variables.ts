import type { ParamSpec, Step } from '../model/task.ts';
import { FieldErrors } from './field-error.ts';
import { objectsHaveProperties, sortByType } from './params.ts';
import { isolatedVariables, noEntireVariables, noProhibitedVariables, noUnknownVariables, type Names } from './references.ts';

type Rule = (value: string | undefined, prefix: string, names: Names) => FieldErrors;

/** A rule over all fields of a step that take variables, with the names that Tekton gives them. */
function overStep(
  step: Step,
  prefix: string,
  names: Names,
  rule: Rule,
  lists: Rule,
  mount: readonly [string, string],
  onError: boolean,
): FieldErrors {
  let errors = rule(step.name, prefix, names)
    .viaField('name')
    .also(rule(step.image, prefix, names).viaField('image'))
    .also(rule(step.workingDir, prefix, names).viaField('workingDir'))
    .also(rule(step.script, prefix, names).viaField('script'));
  for (const field of ['command', 'args'] as const) {
    for (const [index, text] of (step[field] ?? []).entries()) {
      errors = errors.also(lists(text, prefix, names).viaFieldIndex(field, index));
    }
  }
  for (const { name, value } of step.env ?? []) errors = errors.also(rule(value, prefix, names).viaFieldKey('env', name));
  for (const [index, volume] of (step.volumeMounts ?? []).entries()) {
    errors = errors
      .also(rule(volume.name, prefix, names).viaField('name').viaFieldIndex('volumeMount', index))
      .also(rule(volume.mountPath, prefix, names).viaField(mount[0]).viaFieldIndex('volumeMount', index))
      .also(rule(volume.subPath, prefix, names).viaField(mount[1]).viaFieldIndex('volumeMount', index));
  }
  return onError ? errors.also(rule(step.onError, prefix, names).viaField('onError')) : errors;
}

/** No variable below `prefix` but `names`, in any step. */
export function stepVariables(all: readonly Step[], prefix: string, names: Names): FieldErrors {
  return FieldErrors.none.also(
    ...all.map((step, index) =>
      overStep(step, prefix, names, noUnknownVariables, noUnknownVariables, ['MountPath', 'SubPath'], true).viaFieldIndex('steps', index),
    ),
  );
}

/** Arrays only where a list can grow. Paths grow with every further step, as Tekton's do. */
export function arrayUsage(all: readonly Step[], prefix: string, names: Names): FieldErrors {
  let errors = FieldErrors.none;
  for (const [index, step] of all.entries()) {
    const found = overStep(step, prefix, names, noProhibitedVariables, isolatedVariables, ['mountPath', 'subPath'], false);
    errors = errors.also(found).viaFieldIndex('steps', index);
  }
  return errors;
}

/** Every param that the steps name is declared, objects are used by key. */
export function declaredParameterUsage(all: readonly Step[], params: readonly ParamSpec[]): FieldErrors {
  const { all: names, objects } = sortByType(params);
  let errors = stepVariables(all, 'params', names);
  for (const { name, properties } of objects) {
    errors = errors.also(stepVariables(all, `params.${name}`, new Set(Object.keys(properties ?? {}))));
  }
  const objectNames = new Set(objects.map(({ name }) => name));
  let whole = FieldErrors.none;
  for (const [index, step] of all.entries()) {
    const found = overStep(step, 'params', objectNames, noEntireVariables, noEntireVariables, ['mountPath', 'subPath'], false);
    whole = whole.also(found).viaFieldIndex('steps', index);
  }
  return errors.also(whole, objectsHaveProperties(params));
}
