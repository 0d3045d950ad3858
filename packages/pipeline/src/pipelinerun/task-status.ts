import { conditionOf } from '../status/condition.ts';
import { stringsOnly, type Replacements } from '../variables/replacements.ts';
import { isContinue, isFailed, isSuccessful, type Facts } from './facts.ts';
import type { Skips } from './skip.ts';

/** `$(tasks.T.status)`, `$(tasks.T.reason)` and `$(tasks.status)` for finally tasks. */
export function stateReplacements(facts: Facts, skips: Skips): Replacements {
  const entries: [string, string][] = [];
  let aggregate = 'None';
  if (skips.graphDone()) {
    const graph = facts.states.filter(({ final }) => !final);
    aggregate = graph.some((state) => skips.skipped(state)) ? 'Completed' : 'Succeeded';
    if (graph.some((state) => isFailed(state) && !isContinue(state)) || facts.invalid.size > 0) aggregate = 'Failed';
  }
  for (const state of facts.states.filter(({ final }) => !final)) {
    entries.push([`tasks.${state.task.name}.status`, isSuccessful(state) ? 'Succeeded' : isFailed(state) ? 'Failed' : 'None']);
    entries.push([`tasks.${state.task.name}.reason`, conditionOf(state.run?.status)?.reason ?? 'None']);
  }
  return stringsOnly([...entries, ['tasks.status', aggregate]]);
}
