import { schedulable } from '../graph/graph.ts';
import type { PipelineTask } from '../model/pipeline.ts';
import type { PipelineRun, TaskRun } from '../model/runs.ts';
import { replaceInPipelineTask } from '../variables/pipeline-spec.ts';
import { stringsOnly, type Replacements } from '../variables/replacements.ts';
import { childOf } from './children.ts';
import { isContinue, isFailed, isScheduled, isStopping, isSuccessful, type Facts, type TaskState } from './facts.ts';
import type { Failure } from './preflight.ts';
import { resolveResults, resultIndexProblem, usesResults } from './result-values.ts';
import { Skips } from './skip.ts';
import { stateReplacements } from './task-status.ts';

export interface Next {
  readonly create: TaskRun[];
  /** The states with the new TaskRuns in them. */
  readonly states: TaskState[];
  /** Tasks as they were started or skipped, with every variable put in that could be. */
  readonly tasks: ReadonlyMap<string, PipelineTask>;
  readonly invalid: Map<string, string>;
}

/** What starts now: tasks whose parents are through, or finally tasks when the graph is. */
export function nextChildren(
  run: PipelineRun,
  pipelineName: string,
  facts: Facts,
  { given, context }: { readonly given: Replacements; readonly context: Replacements },
): Next | Failure {
  const invalid = new Map<string, string>();
  const first = new Skips(facts);
  const queue = graphQueue(facts, first);
  for (const state of queue) {
    const problem = usesResults(state.task) ? missingResult(state, facts) : undefined;
    if (problem !== undefined) invalid.set(state.task.name, problem);
  }
  const judged: Facts = { ...facts, invalid };
  const skips = new Skips(judged);
  const starting = invalid.size > 0 ? [] : queue.filter((state) => !skips.skipped(state));
  if (skips.graphDone()) starting.push(...judged.states.filter((state) => state.final && !isScheduled(state) && !skips.skipped(state)));
  const replaced = new Map(judged.states.map((state) => [state.task.name, settle(state, judged, skips)]));
  const bindings = merge(merge(given, context), allResults(facts));
  const created = new Map<string, TaskRun>();
  for (const state of starting) {
    const task = replaced.get(state.task.name) as PipelineTask;
    const made = childOf(run, pipelineName, state, task, allResults(facts), bindings);
    if ('missing' in made) {
      return {
        reason: 'InvalidWorkspaceBindings',
        message: `[User error] expected workspace "${made.missing}" to be provided by pipelinerun for pipeline task "${task.name}"`,
      };
    }
    created.set(state.task.name, made.child);
  }
  const states = judged.states.map((state) => {
    // References show results of others put in, but not the states of the graph, as Tekton's do.
    const task = isScheduled(state) || created.has(state.task.name) ? withResults(state, judged) : state.task;
    return { ...state, task, run: state.run ?? created.get(task.name) };
  });
  return { create: [...created.values()], states, tasks: replaced, invalid };
}

function graphQueue(facts: Facts, skips: Skips): TaskState[] {
  if (isStopping(facts) || facts.wanted === 'CancelledRunFinally' || facts.wanted === 'StoppedRunFinally') return [];
  const through = facts.states.filter(
    (state) => !state.final && (isSuccessful(state) || skips.skipped(state) || (isFailed(state) && isContinue(state))),
  );
  const ready = schedulable(facts.graph, new Set(through.map(({ task }) => task.name)));
  return facts.states.filter((state) => ready.has(state.task.name) && !isScheduled(state) && !skips.skipped(state));
}

function missingResult(state: TaskState, facts: Facts): string | undefined {
  const resolved = resolveResults(state.task, facts.byName);
  return 'problem' in resolved ? resolved.problem : resultIndexProblem(state.task, facts.byName);
}

/** A task with results of others, its own context and, for finally, the states of the graph put in. */
function settle(state: TaskState, facts: Facts, skips: Skips): PipelineTask {
  let task = withResults(state, facts);
  if (state.final) task = replaceInPipelineTask(task, stateReplacements(facts, skips), false);
  return replaceInPipelineTask(task, stringsOnly([['context.pipelineTask.retries', String(state.task.retries ?? 0)]]), false);
}

function withResults(state: TaskState, facts: Facts): PipelineTask {
  const resolved = resolveResults(state.task, facts.byName);
  return 'problem' in resolved ? state.task : replaceInPipelineTask(state.task, resolved.replacements, false);
}

/** Results of every task that succeeded, for inline specs and workspace bindings that name them directly. */
function allResults(facts: Facts): Replacements {
  const strings = new Map<string, string>();
  const arrays = new Map<string, readonly string[]>();
  for (const state of facts.states.filter(isSuccessful)) {
    for (const { name, value } of state.run?.status?.results ?? []) {
      const key = `tasks.${state.task.name}.results.${name}`;
      if (typeof value === 'string') strings.set(key, value);
      else if (Array.isArray(value)) arrays.set(key, value);
      else for (const [property, text] of Object.entries(value)) strings.set(`${key}.${property}`, text);
    }
  }
  return { strings, arrays, objects: new Map() };
}

function merge(left: Replacements, right: Replacements): Replacements {
  return {
    strings: new Map([...left.strings, ...right.strings]),
    arrays: new Map([...left.arrays, ...right.arrays]),
    objects: new Map([...left.objects, ...right.objects]),
  };
}
