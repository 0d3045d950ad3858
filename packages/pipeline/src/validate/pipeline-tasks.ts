import type { PipelineTask } from '../model/pipeline.ts';
import { isDnsLabel } from '../text/names.ts';
import { quote } from '../text/quote.ts';
import { FieldErrors, invalidValue, missingOneOf, multipleOneOf } from './field-error.ts';
import { requireStability, type Gates } from './gates.ts';
import { reference } from './refs.ts';
import { taskSpec } from './task.ts';
import type { pipelineSpec } from './pipeline.ts';

/** Nested pipelines are validated by the same rules; given here, because the two modules need one another. */
type SpecRule = typeof pipelineSpec;

export function pipelineTasks(
  tasks: readonly PipelineTask[],
  path: string,
  names: Set<string>,
  gates: Gates,
  nested: SpecRule,
): FieldErrors {
  let errors = FieldErrors.none;
  for (const [index, task] of tasks.entries()) {
    let found = FieldErrors.none;
    if (!isDnsLabel(task.name ?? '')) {
      found = found.also(
        FieldErrors.of(
          `invalid value ${quote(task.name ?? '')}`,
          ['name'],
          'Pipeline Task name must be a valid DNS Label.For more info refer to https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names',
        ),
      );
    }
    if (names.has(task.name)) found = found.also(multipleOneOf('name'));
    names.add(task.name);
    errors = errors.also(found.also(pipelineTask(task, gates, nested)).viaFieldIndex(path, index));
  }
  return errors;
}

const plainKinds = new Set(['', 'Task']);

function pipelineTask(task: PipelineTask, gates: Gates, nested: SpecRule): FieldErrors {
  return whatItRuns(task, gates)
    .also(embeddedOrType(task))
    .also(onError(task, gates))
    .also(body(task, gates, nested));
}

function body(task: PipelineTask, gates: Gates, nested: SpecRule): FieldErrors {
  const { taskRef, taskSpec: spec } = task;
  if (isCustom(task)) return customTask(task);
  let errors = FieldErrors.none;
  if (spec !== undefined) errors = errors.also(taskSpec(spec, gates).viaField('taskSpec'));
  if (taskRef !== undefined) {
    errors = errors.also(
      reference(taskRef, gates).viaField('taskRef'),
      taskRef.resolver === undefined ? undefined : requireStability(gates, 'taskref.resolver', 'beta'),
      taskRef.params === undefined ? undefined : requireStability(gates, 'taskref.params', 'beta'),
    );
  }
  if (task.pipelineSpec !== undefined) errors = errors.also(nested(task.pipelineSpec, gates).viaField('pipelineSpec'));
  if (task.pipelineRef !== undefined) errors = errors.also(reference(task.pipelineRef, gates).viaField('pipelineRef'));
  return errors;
}

/** A taskRef or taskSpec of a kind or apiVersion that is not Tekton's own is run by another controller (CustomRun). */
export function isCustom({ taskRef, taskSpec: spec }: PipelineTask): boolean {
  if (taskRef !== undefined) return !plainKinds.has(taskRef.kind ?? '') || (taskRef.apiVersion ?? '') !== '';
  return spec !== undefined && (!plainKinds.has(spec.kind ?? '') || (spec.apiVersion ?? '') !== '');
}

function customTask({ taskRef, taskSpec: spec }: PipelineTask): FieldErrors {
  let errors = FieldErrors.none;
  const check = (what: string, field: string, kind: string, apiVersion: string) => {
    if (kind === '') errors = errors.also(invalidValue(`custom task ${what} must specify kind`, `${field}.kind`));
    if (apiVersion === '') {
      errors = errors.also(invalidValue(`custom task ${what} must specify apiVersion`, `${field}.apiVersion`));
    } else if (!/^[^/]+\/[^/]+$/.test(apiVersion)) {
      errors = errors.also(
        invalidValue(`invalid apiVersion format "${apiVersion}", must be in the format "group/version"`, `${field}.apiVersion`),
      );
    }
  };
  if (taskRef !== undefined) check('ref', 'taskRef', taskRef.kind ?? '', taskRef.apiVersion ?? '');
  if (spec !== undefined) check('spec', 'taskSpec', spec.kind ?? '', spec.apiVersion ?? '');
  return errors;
}

function whatItRuns(task: PipelineTask, gates: Gates): FieldErrors {
  const given = (['taskRef', 'taskSpec', 'pipelineRef', 'pipelineSpec'] as const).filter((field) => task[field] !== undefined);
  let errors = FieldErrors.none;
  if (given.length > 1) errors = errors.also(FieldErrors.of('expected exactly one, got multiple', given));
  if (given.length === 0) {
    const paths = gates.apiFields === 'alpha' ? ['taskRef', 'taskSpec', 'pipelineRef', 'pipelineSpec'] : ['taskRef', 'taskSpec'];
    errors = errors.also(missingOneOf(...paths));
  }
  for (const field of ['pipelineRef', 'pipelineSpec'] as const) {
    if (task[field] !== undefined) errors = errors.also(requireStability(gates, field, 'alpha'));
  }
  return errors;
}

function embeddedOrType({ taskSpec: spec }: PipelineTask): FieldErrors {
  if (spec === undefined || (spec.steps ?? []).length === 0) return FieldErrors.none;
  let errors = FieldErrors.none;
  for (const field of ['apiVersion', 'kind'] as const) {
    if ((spec[field] ?? '') === '') continue;
    errors = errors.also(FieldErrors.of(`taskSpec.${field} cannot be specified when using taskSpec.steps`, [`taskSpec.${field}`]));
  }
  return errors;
}

function onError({ onError: value = '', retries = 0 }: PipelineTask, gates: Gates): FieldErrors {
  if (value === '' || value.startsWith('$(params')) return FieldErrors.none;
  let errors = requireStability(gates, 'OnError', 'beta');
  if (value !== 'continue' && value !== 'stopAndFail') {
    errors = errors.also(invalidValue(value, 'OnError', 'PipelineTask OnError must be either "continue" or "stopAndFail"'));
  }
  if (value === 'continue' && retries > 0) {
    errors = errors.also(FieldErrors.of('PipelineTask OnError cannot be set to "continue" when Retries is greater than 0'));
  }
  return errors;
}
