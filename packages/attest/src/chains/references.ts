import type { NamedValue, PipelineTask, Value } from './objects.ts';

const reference = /\$\(tasks\.([a-z0-9][-a-z0-9]*)\.results\./g;

/** Names of the tasks whose results a pipeline task uses in its params, matrix and when expressions, in the order of use. */
export function resultReferences({ params = [], matrix, when = [] }: PipelineTask): string[] {
  const matrixParams = [...(matrix?.params ?? []), ...(matrix?.include ?? []).flatMap((include) => include.params ?? [])];
  const texts = [
    ...[...params, ...matrixParams].flatMap(({ value }: NamedValue) => textsOf(value)),
    ...when.flatMap(({ input = '', values = [], cel = '' }) => [input, ...values, cel]),
  ];
  return texts.flatMap((text) => [...text.matchAll(reference)].map(([, task]) => task as string));
}

function textsOf(value: Value): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? (value as readonly string[]) : Object.values(value as Record<string, string>);
}
