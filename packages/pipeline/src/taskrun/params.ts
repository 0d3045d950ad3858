import type { Param, ParamSpec, TaskSpec } from '../model/task.ts';
import { typeOf, type ParamValue } from '../model/value.ts';
import { mergeStepTemplate } from '../defaults/step-template.ts';
import { expressionsIn, isExactReference } from '../variables/references.ts';

/**
 * What is wrong with the values that a task is given, in Tekton's words, or undefined: required ones missing, wrong types,
 * objects without a declared key. Values that the task does not declare are ignored, as Tekton does.
 */
export function taskParamsProblem(spec: TaskSpec, given: readonly Param[]): string | undefined {
  const values = new Map(given.map(({ name, value }) => [name, value]));
  const declared = spec.params ?? [];
  const missing = declared.filter(({ name, default: value }) => value === undefined && !values.has(name)).map(({ name }) => name);
  if (missing.length > 0) return `missing values for these params which have no default values: [${missing.join(' ')}]`;
  const wrong = declared
    .filter(({ name, type }) => {
      const value = values.get(name);
      return value !== undefined && !isWholeReference(value) && typeOf(value) !== (type ?? 'string');
    })
    .map(({ name }) => name);
  if (wrong.length > 0) return `param types don't match the user-specified type: [${wrong.join(' ')}]`;
  const keys = missingKeys(declared, values);
  if (keys.length > 0) {
    return `missing keys for these params which are required in ParamSpec's properties map[${keys.map(([name, list]) => `${name}:[${list.join(' ')}]`).join(' ')}]`;
  }
  return undefined;
}

/** `$(tasks.T.results.R)`, also with `[*]`: its type is known when the result is. */
function isWholeReference(value: ParamValue): boolean {
  return typeof value === 'string' && value.startsWith('$(tasks.') && isExactReference(value);
}

function missingKeys(declared: readonly ParamSpec[], values: ReadonlyMap<string, ParamValue>): [string, string[]][] {
  return declared.flatMap(({ name, type, properties, default: fallback }): [string, string[]][] => {
    const value = values.get(name);
    if (type !== 'object' || isWholeReference(value ?? '')) return [];
    const given = {
      ...(typeof fallback === 'object' && !Array.isArray(fallback) ? fallback : {}),
      ...(value as Record<string, string> | undefined),
    };
    const lacking = Object.keys(properties ?? {}).filter((key) => !Object.hasOwn(given, key));
    return lacking.length === 0 ? [] : [[name, lacking.sort()]];
  });
}

/** `$(params.l[5])` beyond the end of l, in any field of the task: the references, or undefined. */
export function indexProblem(spec: TaskSpec, given: readonly Param[]): string | undefined {
  const lengths = new Map<string, number>();
  for (const { name, default: value } of spec.params ?? []) if (Array.isArray(value)) lengths.set(name, value.length);
  for (const { name, value } of given) if (Array.isArray(value)) lengths.set(name, value.length);
  const texts = JSON.stringify({ ...spec, steps: mergeStepTemplate(spec), params: undefined });
  return beyond(expressionsIn(texts), lengths);
}

export function beyond(expressions: readonly string[], lengths: ReadonlyMap<string, number>): string | undefined {
  const outside = expressions.filter((text) => {
    const found = /^params\.(.+)\[(\d+)\]$/.exec(text);
    const length = found === null ? undefined : lengths.get(found[1] as string);
    return length !== undefined && Number(found?.[2]) >= length;
  });
  if (outside.length === 0) return undefined;
  return `non-existent param references:[${[...new Set(outside)]
    .sort()
    .map((text) => `$(${text})`)
    .join(' ')}]`;
}
