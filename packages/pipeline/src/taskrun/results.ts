import type { TaskRunStatus } from '../model/runs.ts';
import type { TaskSpec } from '../model/task.ts';
import { readValue, typeOf } from '../model/value.ts';
import type { StepOutcome } from './outcome.ts';

export type RunResults = NonNullable<TaskRunStatus['results']>;

/** `status.results`: in the order in which steps first wrote them, with the last value, read as the declared type says. */
export function runResults(spec: TaskSpec, outcomes: readonly StepOutcome[]): RunResults {
  const declared = new Map((spec.results ?? []).map((result) => [result.name, result.type ?? 'string']));
  const found = new Map<string, string>();
  for (const { results } of outcomes) {
    for (const name of Object.keys(results ?? {}).sort()) found.set(name, results?.[name] ?? '');
  }
  return [...found].map(([name, text]) => {
    const value = declared.get(name) === 'string' ? text : parse(text);
    return { name, type: typeOf(value), value };
  });
}

function parse(text: string) {
  try {
    const value = readValue(JSON.parse(text) as unknown);
    return typeof value === 'string' ? text : value;
  } catch {
    return text;
  }
}

/** What is wrong with results against their declarations, in Tekton's words: another type, or an object without a key. */
export function resultsProblem(spec: TaskSpec, results: RunResults, inline: boolean): string | undefined {
  const byName = new Map(results.map((result) => [result.name, result]));
  const wrong = (spec.results ?? []).flatMap(({ name, type = 'string' }) => {
    const result = byName.get(name);
    if (result === undefined || result.type === type) return [];
    return [` "${name}": task result is expected to be "${type}" type but was initialized to a different type "${result.type}"`];
  });
  if (wrong.length > 0) {
    return `Provided results don't match declared results; may be invalid JSON or missing result declaration: ${wrong.join(',')}`;
  }
  const missing = (spec.results ?? []).flatMap(({ name, properties }) => {
    const value = byName.get(name)?.value;
    if (value === undefined || typeof value !== 'object' || Array.isArray(value)) return [];
    const keys = Object.keys(properties ?? {}).filter((key) => !Object.hasOwn(value, key));
    // Tekton looks at an inline spec twice, and says so.
    const said = inline ? keys.sort().flatMap((key) => [key, key]) : keys.sort();
    return said.length === 0 ? [] : [`${name}:[${said.join(' ')}]`];
  });
  return missing.length === 0
    ? undefined
    : `missing keys for these results which are required in TaskResult's properties map[${missing.join(' ')}]`;
}
