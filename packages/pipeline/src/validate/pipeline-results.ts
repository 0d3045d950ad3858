import { resultRefs, whenTexts } from '../graph/deps.ts';
import type { PipelineSpec, PipelineTask } from '../model/pipeline.ts';
import { textsOf } from '../model/value.ts';
import { expressionsIn, looksLikeResultRef, parseResultRef } from '../variables/references.ts';
import { FieldErrors, each, invalidValue } from './field-error.ts';

export function pipelineResults(spec: PipelineSpec): FieldErrors {
  const tasks = new Set((spec.tasks ?? []).map(({ name }) => name));
  const last = new Set((spec.finally ?? []).map(({ name }) => name));
  return each(spec.results, ({ value }) => {
    const expressions = textsOf(value).flatMap(expressionsIn);
    let errors = FieldErrors.none;
    if (expressions.length === 0) {
      errors = errors.also(invalidValue('expected pipeline results to be task result expressions but no expressions were found', 'value'));
    }
    if (!expressions.some(looksLikeResultRef)) {
      errors = errors.also(
        invalidValue('expected pipeline results to be task result expressions but an invalid expressions was found', 'value'),
      );
    }
    const candidates = expressions.filter(looksLikeResultRef);
    const refs = candidates.map((text) => parseResultRef(text)).filter((ref) => ref !== undefined);
    if (refs.length !== candidates.length) {
      const shown = refs.map(() => '0xc000000000').join(' ');
      errors = errors.also(
        invalidValue(
          `expected all of the expressions [${candidates.join(' ')}] to be result expressions but only [${shown}] were`,
          'value',
        ),
      );
    }
    if (!namesKnownTasks(typeof value === 'string' ? value : '', tasks, last)) {
      errors = errors.also(invalidValue('referencing a nonexistent task', 'value'));
    }
    return errors;
  }).viaField('results');
}

/** The text is cut at each `$`: every piece must be a result of a task that there is. */
function namesKnownTasks(value: string, tasks: ReadonlySet<string>, last: ReadonlySet<string>): boolean {
  return value
    .split('$')
    .filter((piece) => piece !== '')
    .every((piece) => {
      const text = piece.replace(/^\(/, '').replace(/\)$/, '');
      const ref = parseResultRef(text);
      if (ref === undefined) return false;
      return text.startsWith('tasks') ? tasks.has(ref.pipelineTask) : last.has(ref.pipelineTask);
    });
}

export function finalResults(tasks: readonly PipelineTask[], last: readonly PipelineTask[]): FieldErrors {
  const names = new Set(tasks.map(({ name }) => name));
  const finals = new Set(last.map(({ name }) => name));
  const rule = (expressions: readonly string[], path: string): FieldErrors =>
    FieldErrors.none.also(
      ...expressions
        .map((text) => parseResultRef(text))
        .filter((ref) => ref !== undefined)
        .map(({ pipelineTask }) => {
          if (finals.has(pipelineTask)) {
            return invalidValue(
              `invalid task result reference, final task has task result reference from a final task ${pipelineTask}`,
              path,
            );
          }
          if (names.has(pipelineTask)) return FieldErrors.none;
          return invalidValue(
            `invalid task result reference, final task has task result reference from a task ${pipelineTask} which is not defined in the pipeline`,
            path,
          );
        }),
    );
  return each(last, (task) => {
    const order =
      (task.runAfter ?? []).length > 0
        ? invalidValue(`no runAfter allowed under spec.finally, final task ${task.name} has runAfter specified`, '')
        : FieldErrors.none;
    const params = (task.params ?? []).map(({ name, value }) =>
      rule(textsOf(value).flatMap(expressionsIn), 'value').viaFieldKey('params', name),
    );
    return order.also(...params).also(each(task.when, (when) => rule(whenTexts([when]).flatMap(expressionsIn), '')).viaField('when'));
  }).viaField('finally');
}

/** A nested pipeline has no results to give yet. */
export function nestedResults(tasks: readonly PipelineTask[], users: readonly PipelineTask[]): FieldErrors {
  const nested = new Set(tasks.filter((task) => task.pipelineRef !== undefined || task.pipelineSpec !== undefined).map(({ name }) => name));
  return each(users, (task) =>
    FieldErrors.none.also(
      ...resultRefs(task)
        .filter(({ pipelineTask }) => nested.has(pipelineTask))
        .map(({ pipelineTask }) =>
          invalidValue(
            `result reference to pipelineTask "${pipelineTask}" is not supported: referenced task uses pipelineRef or pipelineSpec and result propagation from child Pipelines is not yet implemented`,
            '',
          ),
        ),
    ),
  );
}
