import type { PipelineResult } from '../model/pipeline.ts';
import { textsOf, type ParamValue } from '../model/value.ts';
import { expressionsIn, parseResultRef } from '../variables/references.ts';
import { replaceValue } from '../variables/replacements.ts';
import { isSuccessful, type TaskState } from './facts.ts';
import { resultOf } from './result-values.ts';

export interface PipelineResults {
  readonly values: { name: string; value: ParamValue }[];
  /** Results that speak of what a successful task did not write: the run fails. */
  readonly invalid: string[];
}

/** A pipeline's results from those of its tasks. A result that speaks of a task that did not succeed is left out. */
export function pipelineResults(results: readonly PipelineResult[] | undefined, states: ReadonlyMap<string, TaskState>): PipelineResults {
  const out: PipelineResults = { values: [], invalid: [] };
  for (const { name, value } of results ?? []) {
    const strings = new Map<string, string>();
    const arrays = new Map<string, string[]>();
    const objects = new Map<string, Record<string, string>>();
    let verdict: 'valid' | 'left out' | 'invalid' = 'valid';
    for (const text of textsOf(value).flatMap(expressionsIn)) {
      const ref = parseResultRef(text);
      const state = ref === undefined ? undefined : states.get(ref.pipelineTask);
      if (ref === undefined || state === undefined) {
        verdict = 'invalid';
        continue;
      }
      if (!isSuccessful(state)) {
        if (verdict === 'valid') verdict = 'left out';
        continue;
      }
      const found = resultOf(state.run, ref.result);
      const key = text.replace(/\[\*\]$/, '');
      if (ref.property !== '' && isObject(found) && Object.hasOwn(found, ref.property)) strings.set(text, found[ref.property] as string);
      else if (ref.property !== '') verdict = 'invalid';
      else if (ref.index !== undefined && Array.isArray(found) && found[ref.index] !== undefined)
        strings.set(text, found[ref.index] as string);
      else if (ref.index !== undefined || found === undefined) verdict = 'invalid';
      else if (typeof found === 'string') strings.set(text, found);
      else if (Array.isArray(found)) arrays.set(key, found);
      else objects.set(key, found);
    }
    if (verdict === 'invalid') out.invalid.push(name);
    if (verdict === 'valid') out.values.push({ name, value: replaceValue(value, { strings, arrays, objects }) });
  }
  return out;
}

function isObject(value: ParamValue | undefined): value is Record<string, string> {
  return typeof value === 'object' && !Array.isArray(value);
}
