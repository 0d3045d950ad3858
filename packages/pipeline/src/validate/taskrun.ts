import { mergeStepTemplate } from '../defaults/step-template.ts';
import type { TaskRunSpec } from '../model/runs.ts';
import { FieldErrors, each, invalidValue, missingOneOf, multipleOneOf } from './field-error.ts';
import { requireStability, type Gates } from './gates.ts';
import { InlineParams } from './inline-params.ts';
import { noDuplicateNames, parameterTypes } from './params.ts';
import { reference } from './refs.ts';
import { notNegative, overrides } from './run-parts.ts';
import { declaredParameterUsage } from './step-variables.ts';
import { parameterVariables, taskSpec } from './task.ts';
import { workspaceBinding } from './workspaces.ts';

export function taskRunSpec(spec: TaskRunSpec, gates: Gates): FieldErrors {
  const params = spec.params ?? [];
  const workspaces = spec.workspaces ?? [];
  return exactlyOne(spec)
    .also(spec.taskRef === undefined ? undefined : reference(spec.taskRef, gates).viaField('taskRef'))
    .also(spec.taskSpec === undefined ? undefined : taskSpec(spec.taskSpec, gates).viaField('taskSpec'))
    .also(
      noDuplicateNames(
        params.map(({ name }) => name),
        false,
      ).viaField('params'),
    )
    .also(inlineParameters(spec, gates))
    .also(
      each(workspaces, workspaceBinding)
        .also(
          noDuplicateNames(
            workspaces.map(({ name }) => name),
            true,
          ),
        )
        .viaField('workspaces'),
    )
    .also(debug(spec, gates))
    .also(overrides(spec, gates))
    .also(status(spec))
    .also((spec.retries ?? 0) < 0 ? invalidValue(`${spec.retries} should be >= 0`, 'retries') : undefined)
    .also(notNegative(spec.timeout, 'timeout'));
}

function exactlyOne({ taskRef, taskSpec: inline }: TaskRunSpec): FieldErrors {
  if (taskRef === undefined && inline === undefined) return missingOneOf('taskRef', 'taskSpec');
  return taskRef !== undefined && inline !== undefined ? multipleOneOf('taskRef', 'taskSpec') : FieldErrors.none;
}

function inlineParameters({ params, taskSpec: inline }: TaskRunSpec, gates: Gates): FieldErrors {
  if (inline === undefined) return FieldErrors.none;
  const joined = new InlineParams();
  for (const param of params ?? []) joined.give(param);
  for (const param of inline.params ?? []) joined.declare(param);
  if (inline.steps === undefined) return joined.errors;
  return joined.errors
    .also(parameterTypes(joined.specs))
    .also(parameterVariables(mergeStepTemplate(inline), joined.specs, gates))
    .also(declaredParameterUsage(mergeStepTemplate(inline), joined.specs));
}

function debug({ debug: settings }: TaskRunSpec, gates: Gates): FieldErrors {
  if (settings === undefined) return FieldErrors.none;
  const errors = requireStability(gates, 'debug', 'alpha').viaField('debug');
  const { onFailure = '', beforeSteps } = settings.breakpoints ?? {};
  if (settings.breakpoints === undefined) return errors;
  if (onFailure === '' && beforeSteps === undefined) return errors;
  if (onFailure === '') {
    return errors.also(
      invalidValue('onFailure breakpoint is empty, it is only allowed to be set as enabled', 'breakpoints.onFailure').viaField('debug'),
    );
  }
  if (onFailure === 'enabled') return errors;
  return errors.also(
    invalidValue(
      `${onFailure} is not a valid onFailure breakpoint value, onFailure breakpoint is only allowed to be set as enabled`,
      'breakpoints.onFailure',
    ).viaField('debug'),
  );
}

function status({ status: wanted = '', statusMessage = '' }: TaskRunSpec): FieldErrors {
  if (wanted === '' && statusMessage !== '') {
    return invalidValue(
      `statusMessage should not be set if status is not set, but it is currently set to ${statusMessage}`,
      'statusMessage',
    );
  }
  if (wanted === '' || wanted === 'TaskRunCancelled' || wanted === 'TaskRunPending') return FieldErrors.none;
  return invalidValue(`${wanted} should be TaskRunCancelled or TaskRunPending`, 'status');
}
