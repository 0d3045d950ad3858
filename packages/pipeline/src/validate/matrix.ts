import type { Matrix, PipelineTask } from '../model/pipeline.ts';
import { typeOf } from '../model/value.ts';
import { FieldErrors, invalidValue, multipleOneOf } from './field-error.ts';
import { requireStability, type Gates } from './gates.ts';
import { arrayVariable, stringVariable, uniqueParams, type Declared } from './params.ts';

const maxCombinations = 256;

export const isMatrixed = (task: PipelineTask): boolean =>
  (task.matrix?.params ?? []).length > 0 || (task.matrix?.include ?? []).length > 0;

export function combinations(matrix: Matrix): number {
  const params = matrix.params ?? [];
  const include = matrix.include ?? [];
  if (params.length === 0) return include.length;
  let count = params.reduce((product, { value }) => product * (Array.isArray(value) ? value.length : 0), 1);
  const known = new Map(params.map(({ name, value }) => [name, Array.isArray(value) ? value : []]));
  for (const combination of include) {
    for (const { name, value } of combination.params ?? []) {
      const values = known.get(name);
      if (values === undefined) continue;
      if (values.includes(value as string)) break;
      count += 1;
    }
  }
  return count;
}

export function matrixRules(task: PipelineTask, gates: Gates): FieldErrors {
  const matrix = task.matrix;
  let errors = FieldErrors.none;
  if (matrix !== undefined && isMatrixed(task)) {
    errors = errors.also(requireStability(gates, 'matrix', 'beta'));
    const count = combinations(matrix);
    if (count > maxCombinations) errors = errors.also(FieldErrors.of(`expected 0 <= ${count} <= ${maxCombinations}`, ['matrix']));
    errors = errors.also(uniqueParams(matrix.params).viaField('matrix.params'));
    for (const [index, { params }] of (matrix.include ?? []).entries()) {
      errors = errors.also(uniqueParams(params).viaField(`matrix.include[${index}].params`));
    }
  }
  const names = new Set(
    [...(matrix?.params ?? []), ...(matrix?.include ?? []).flatMap(({ params }) => params ?? [])].map(({ name }) => name),
  );
  const both = (task.params ?? []).filter(({ name }) => names.has(name));
  return errors.also(...both.map(({ name }) => multipleOneOf(`matrix[${name}]`, `params[${name}]`)));
}

export function matrixVariables(matrix: Matrix, names: Declared): FieldErrors {
  let errors = FieldErrors.none;
  for (const { params } of matrix.include ?? []) {
    for (const [index, { value }] of (params ?? []).entries()) {
      const found = stringVariable(typeof value === 'string' ? value : '', names);
      errors = errors.also(found.viaFieldIndex('', index).viaField('matrix.include.params'));
    }
  }
  for (const { name, value } of matrix.params ?? []) {
    for (const [index, element] of (Array.isArray(value) ? value : []).entries()) {
      errors = errors.also(arrayVariable(element, names).viaFieldIndex('value', index).viaFieldKey('matrix.params', name));
    }
  }
  return errors;
}

/** Results of a matrixed task can be used only all at once, and must be strings where its spec is at hand. */
export function matrixResults(tasks: readonly PipelineTask[], path: string, matrixed: ReadonlyMap<string, PipelineTask>): FieldErrors {
  let errors = FieldErrors.none;
  for (const task of tasks) {
    for (const { text, pipelineTask, result, star } of matrixRefs(task, matrixed)) {
      if (!star) {
        errors = errors.also(
          FieldErrors.of(`A matrixed pipelineTask can only be consumed in aggregate using [*] notation, but is currently set to ${text}`),
        );
      }
      for (const { name, type } of matrixed.get(pipelineTask)?.taskSpec?.results ?? []) {
        if (name !== result || type === undefined || type === 'string') continue;
        errors = errors.also(
          invalidValue(
            `Matrixed PipelineTasks emitting results must have an underlying type string, but result ${name} has type ${type} in pipelineTask`,
            '',
          ).viaField(path),
        );
      }
    }
  }
  return errors;
}

function matrixRefs(task: PipelineTask, matrixed: ReadonlyMap<string, PipelineTask>) {
  const texts = (task.params ?? [])
    .concat(task.matrix?.params ?? [])
    .flatMap(({ value }) => (typeOf(value) === 'object' ? [] : ([value].flat() as string[])));
  return texts.flatMap((value) =>
    [...value.matchAll(/\$\((tasks\.([^.)\n]{1,256})\.results\.([^.)[\n]{1,256})(\[(?:\*|[0-9]{1,9})\])?)\)/g)]
      .filter(([, , name]) => matrixed.has(name as string))
      .map(([, text = '', pipelineTask = '', result = '', index]) => ({ text, pipelineTask, result, star: index === '[*]' })),
  );
}
