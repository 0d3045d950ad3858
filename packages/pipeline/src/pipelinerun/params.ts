import type { PipelineSpec } from '../model/pipeline.ts';
import type { PipelineRun } from '../model/runs.ts';
import { typeOf, type ParamValue } from '../model/value.ts';
import { expressionsIn } from '../variables/references.ts';
import { fromParams, replaceValue, stringsOnly, type Replacements } from '../variables/replacements.ts';

const maxDepth = 10;

/**
 * The values of a run's params, defaults included; a default may name other params, up to ten deep. Gives Tekton's
 * words if one names itself or an unknown one.
 */
export function runParams(run: PipelineRun, spec: PipelineSpec): { values: { name: string; value: ParamValue }[] } | { problem: string } {
  const known = new Map((run.spec.params ?? []).map(({ name, value }) => [name, value]));
  const defaults = new Map(
    (spec.params ?? []).flatMap(({ name, default: value }) => (value === undefined || known.has(name) ? [] : [[name, value]])),
  );
  const visiting = new Set<string>();
  const settle = (name: string, depth: number): string | undefined => {
    if (known.has(name)) return undefined;
    const value = defaults.get(name);
    if (value === undefined) return undefined;
    const key = `params.${name}`;
    if (visiting.has(name)) return `parameter resolution failed: circular dependency detected in param "${key}"`;
    if (depth > maxDepth) return `parameter resolution failed: maximum recursion depth (${maxDepth}) exceeded for param "${key}"`;
    visiting.add(name);
    if (typeof value === 'string') {
      for (const text of expressionsIn(value).filter((found) => found.startsWith('params.'))) {
        const other = text.slice('params.'.length);
        if (!known.has(other) && !defaults.has(other))
          return `parameter resolution failed: param "${key}" references undefined param "${text}"`;
        const problem = settle(other, depth + 1);
        if (problem !== undefined) return problem;
      }
    }
    visiting.delete(name);
    known.set(name, replaceValue(value, fromParams([...known].map(([other, given]) => ({ name: other, value: given })))));
    return undefined;
  };
  const strings = [...defaults].filter(([, value]) => typeOf(value) === 'string');
  const others = [...defaults].filter(([, value]) => typeOf(value) !== 'string');
  for (const [name] of [...strings, ...others]) {
    const problem = settle(name, 0);
    if (problem !== undefined) return { problem };
  }
  const partial = (spec.params ?? []).flatMap(({ name, default: value }) =>
    typeof value === 'object' && !Array.isArray(value) ? [{ name, value }] : [],
  );
  return { values: [...partial, ...[...known].map(([name, value]) => ({ name, value }))] };
}

/** `$(context.pipelineRun.*)`, `$(context.pipeline.name)`, `$(workspaces.W.bound)`. */
export function runContext(run: PipelineRun, pipelineName: string, spec: PipelineSpec): Replacements {
  const { name, namespace = '', uid = '' } = run.metadata;
  const bound = new Set((run.spec.workspaces ?? []).map((binding) => binding.name));
  return stringsOnly([
    ['context.pipelineRun.name', name],
    ['context.pipeline.name', pipelineName],
    ['context.pipelineRun.namespace', namespace],
    ['context.pipelineRun.uid', uid],
    ...[...(spec.workspaces ?? []).map((declared) => declared.name), ...bound].map((workspace): [string, string] => [
      `workspaces.${workspace}.bound`,
      String(bound.has(workspace)),
    ]),
  ]);
}
