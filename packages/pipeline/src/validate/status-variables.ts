import { whenTexts } from '../graph/deps.ts';
import type { PipelineTask } from '../model/pipeline.ts';
import { textsOf } from '../model/value.ts';
import { expressionsIn, looksLikeResultRef } from '../variables/references.ts';
import { FieldErrors, each, invalidValue } from './field-error.ts';

const isStatus = (text: string): boolean => text.startsWith('tasks.') && (text.endsWith('.status') || text.endsWith('.reason'));

type Rule = (expressions: readonly string[], path: string) => FieldErrors;

/** A rule over the expressions of a task's params and when expressions. */
function over(task: PipelineTask, rule: Rule): FieldErrors {
  const params = (task.params ?? []).map(({ name, value }) =>
    rule(textsOf(value).flatMap(expressionsIn), 'value').viaFieldKey('params', name),
  );
  return FieldErrors.none
    .also(...params)
    .also(each(task.when, (when) => rule(whenTexts([when]).flatMap(expressionsIn), '')).viaField('when'));
}

/** `$(tasks.T.status)` and `$(tasks.status)`: only finally tasks may ask, and only for tasks that there are. */
export function executionStatus(tasks: readonly PipelineTask[], last: readonly PipelineTask[]): FieldErrors {
  const names = new Set(tasks.map(({ name }) => name));
  const disallowed: Rule = (expressions, path) =>
    !expressions.some(looksLikeResultRef) && expressions.some((text) => isStatus(text) || text === 'tasks.status')
      ? invalidValue('pipeline tasks can not refer to execution status of any other pipeline task or aggregate status of tasks', path)
      : FieldErrors.none;
  const allowed: Rule = (expressions, path) => {
    if (expressions.some(looksLikeResultRef)) return FieldErrors.none;
    const unknown = expressions
      .filter((text) => text !== 'tasks.status' && isStatus(text))
      .map((text) => text.slice('tasks.'.length, text.lastIndexOf('.')))
      .filter((name) => !names.has(name));
    return FieldErrors.none.also(...unknown.map((name) => invalidValue(`pipeline task ${name} is not defined in the pipeline`, path)));
  };
  return each(tasks, (task) => over(task, disallowed))
    .viaField('tasks')
    .also(each(last, (task) => over(task, allowed)).viaField('finally'));
}

const prefixes = new Set(['params', 'tasks', 'finally', 'context', 'workspaces', 'results']);

/** A variable of an unknown family in a pipeline is a shell's by mistake. */
export function variablePrefixes(tasks: readonly PipelineTask[]): FieldErrors {
  const rule: Rule = (expressions, path) => {
    const unknown = expressions.filter((text) => !prefixes.has(text.split(/[.[]/)[0] as string));
    return FieldErrors.none.also(
      ...unknown.map((text) =>
        invalidValue(
          `invalid variable reference "$(${text})", must start with a valid prefix: params, tasks, finally, context, workspaces, or results; if you meant a shell variable, use \${VAR} instead`,
          path,
        ),
      ),
    );
  };
  return each(tasks, (task) => {
    const matrix = (task.matrix?.params ?? []).map(({ name, value }) =>
      rule(textsOf(value).flatMap(expressionsIn), 'value').viaFieldKey('matrix.params', name),
    );
    const include = (task.matrix?.include ?? []).flatMap(({ params }, index) =>
      (params ?? []).map(({ name, value }) =>
        rule(textsOf(value).flatMap(expressionsIn), 'value').viaFieldKey('params', name).viaFieldIndex('matrix.include', index),
      ),
    );
    return over(task, rule).also(...matrix, ...include);
  });
}
