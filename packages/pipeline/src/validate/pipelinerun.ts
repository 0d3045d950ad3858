import { mergeStepTemplate } from '../defaults/step-template.ts';
import type { PipelineRunSpec } from '../model/runs.ts';
import { textsOf } from '../model/value.ts';
import { expressionsIn, looksLikeResultRef, parseResultRef } from '../variables/references.ts';
import { FieldErrors, each, invalidValue, missingOneOf, multipleOneOf } from './field-error.ts';
import type { Gates } from './gates.ts';
import { InlineParams } from './inline-params.ts';
import { noDuplicateNames, parameterTypes } from './params.ts';
import { parameters, pipelineSpec, taskParameterUsage } from './pipeline.ts';
import { reference } from './refs.ts';
import { notNegative, overrides } from './run-parts.ts';
import { declaredParameterUsage } from './step-variables.ts';
import { parameterVariables } from './task.ts';
import { runTimeouts } from './timeouts.ts';
import { workspaceBinding } from './workspaces.ts';

export function pipelineRunSpec(spec: PipelineRunSpec, gates: Gates): FieldErrors {
  const both = spec.pipelineRef !== undefined && spec.pipelineSpec !== undefined;
  const none = spec.pipelineRef === undefined && spec.pipelineSpec === undefined;
  const taskRuns = (spec.taskRunSpecs ?? []).map((one, index) =>
    overrides(one, gates)
      .viaFieldKey('taskRunSpecs', one.pipelineTaskName ?? '')
      .also(notNegative(one.timeout, 'timeout').viaFieldIndex('taskRunSpecs', index)),
  );
  return (none ? missingOneOf('pipelineRef', 'pipelineSpec') : both ? multipleOneOf('pipelineRef', 'pipelineSpec') : FieldErrors.none)
    .also(spec.pipelineRef === undefined ? undefined : reference(spec.pipelineRef, gates).viaField('pipelineRef'))
    .also(spec.pipelineSpec === undefined ? undefined : pipelineSpec(spec.pipelineSpec, gates).viaField('pipelineSpec'))
    .also(givenParameters(spec))
    .also(inlineParameters(spec, gates))
    .also(...taskRuns)
    .also(runTimeouts(spec))
    .also(status(spec))
    .also(workspaces(spec));
}

function givenParameters({ params }: PipelineRunSpec): FieldErrors {
  const results = (params ?? []).map(({ name, value }) => {
    const refs = textsOf(value).flatMap(expressionsIn).filter(looksLikeResultRef);
    if (!refs.some((text) => parseResultRef(text) !== undefined)) return FieldErrors.none;
    return invalidValue(`cannot use result expressions in [${refs.join(' ')}] as PipelineRun parameter values`, 'value').viaFieldKey(
      'params',
      name,
    );
  });
  return noDuplicateNames(
    (params ?? []).map(({ name }) => name),
    false,
  )
    .viaField('params')
    .also(...results);
}

/** Params that reach the inline steps of the run's inline pipeline without being declared there. */
function inlineParameters({ params, pipelineSpec: spec }: PipelineRunSpec, gates: Gates): FieldErrors {
  if (spec === undefined) return FieldErrors.none;
  const joined = new InlineParams();
  for (const param of params ?? []) joined.give(param);
  for (const param of spec.params ?? []) joined.declare(param);
  for (const task of spec.tasks ?? []) {
    for (const param of task.params ?? []) joined.pass(param);
    for (const param of task.taskSpec?.params ?? []) joined.declare(param);
  }
  const specs = joined.specs;
  const tasks = spec.tasks ?? [];
  const steps = tasks.map(({ taskSpec }) => {
    if (taskSpec?.steps === undefined) return FieldErrors.none;
    const merged = mergeStepTemplate(taskSpec);
    return parameterTypes(specs)
      .also(parameterVariables(merged, specs, gates))
      .also(declaredParameterUsage(merged, specs));
  });
  if (spec.tasks === undefined) return joined.errors;
  return joined.errors
    .also(...steps)
    .also(parameters(tasks, specs, gates))
    .also(taskParameterUsage(tasks, specs));
}

const statuses = ['Cancelled', 'CancelledRunFinally', 'StoppedRunFinally', 'PipelineRunPending'];

function status({ status: wanted = '' }: PipelineRunSpec): FieldErrors {
  if (wanted === '' || statuses.includes(wanted)) return FieldErrors.none;
  return invalidValue(`${wanted} should be Cancelled, CancelledRunFinally, StoppedRunFinally or PipelineRunPending`, 'status');
}

function workspaces({ workspaces: bindings }: PipelineRunSpec): FieldErrors {
  const seen = new Map<string, number>();
  return each(bindings, (binding, index) => {
    let errors = workspaceBinding(binding);
    const before = seen.get(binding.name);
    if (before !== undefined) {
      errors = errors.also(
        FieldErrors.of(`workspace "${binding.name}" provided by pipelinerun more than once, at index ${before} and ${index}`, ['name']),
      );
    }
    seen.set(binding.name, index);
    return errors;
  }).viaField('workspaces');
}
