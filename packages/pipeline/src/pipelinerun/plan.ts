import { buildGraph } from '../graph/graph.ts';
import type { PipelineSpec, PipelineTask } from '../model/pipeline.ts';
import type { ChildReference, PipelineRun, PipelineRunStatus, TaskRun } from '../model/runs.ts';
import type { TaskSpec } from '../model/task.ts';
import { condition, isDone } from '../status/condition.ts';
import { featureFlags } from '../status/feature-flags.ts';
import { quote } from '../text/quote.ts';
import { parseTime, rfc3339 } from '../text/time.ts';
import { defaultGates, type Gates } from '../validate/gates.ts';
import { pipelineSpec as specRules } from '../validate/pipeline.ts';
import { replaceInPipelineSpec } from '../variables/pipeline-spec.ts';
import { fromParams } from '../variables/replacements.ts';
import { bareSpec } from './children.ts';
import { clockOf, wakeAt } from './clock.ts';
import { outcomeOf, type Outcome } from './condition.ts';
import {
  cancelledByPipeline,
  cancelledByTimeout,
  isCancelledForTimeout,
  isRunning,
  skipReasons,
  type Facts,
  type TaskState,
} from './facts.ts';
import { nextChildren } from './next.ts';
import { runContext, runParams } from './params.ts';
import { runProblem, tasksProblem, type Failure } from './preflight.ts';
import { pipelineResults } from './results.ts';
import { Skips, over } from './skip.ts';
import { propagated } from './workspaces.ts';

/** A Task that a taskRef names, as the control plane found it; or that it could not be found, in Kubernetes' words. */
export type FoundTask = { readonly name: string; readonly spec: TaskSpec } | { readonly missing: string };

export interface PipelineRunInput {
  readonly run: PipelineRun;
  /** The run's pipeline before any substitution, or why it cannot be had. */
  readonly pipeline: { readonly name: string; readonly spec: PipelineSpec } | { readonly missing: string };
  /** For every pipeline task with a taskRef: the Task. */
  readonly tasks: ReadonlyMap<string, FoundTask>;
  /** The run's TaskRuns, whatever their state. */
  readonly children: readonly TaskRun[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly gates?: Gates;
}

export interface PipelineRunPlan {
  readonly status: PipelineRunStatus;
  /** TaskRuns to create, in order. Their names are fixed: a second try finds them there. */
  readonly create: readonly TaskRun[];
  /** Running TaskRuns whose `spec.status` becomes TaskRunCancelled, with this `spec.statusMessage`. */
  readonly cancel: readonly { readonly name: string; readonly message: string }[];
  /** When to look again if nothing happens before (milliseconds since the epoch). */
  readonly wake?: number;
}

/**
 * One pure step of a PipelineRun: from what there is to what should be. Calling it again with what it asked for done
 * leads to the same end; a finished run is left as it is.
 */
export function planPipelineRun(input: PipelineRunInput): PipelineRunPlan {
  const { run, now, children } = input;
  const gates = input.gates ?? defaultGates;
  const before = run.status ?? {};
  if (isDone(before)) return { status: before, create: [], cancel: [] };
  if (run.spec.status === 'PipelineRunPending' && before.startTime === undefined) {
    const pending = {
      status: 'Unknown' as const,
      reason: 'PipelineRunPending',
      message: `PipelineRun ${quote(run.metadata.name)} is pending`,
    };
    return { status: { ...before, conditions: [condition(before, pending, now)] }, create: [], cancel: [] };
  }
  const startTime = before.startTime ?? rfc3339(now);
  const started: PipelineRunStatus = { ...before, startTime };
  const finish = (status: PipelineRunStatus, outcome: Outcome, rest: Partial<PipelineRunPlan> = {}): PipelineRunPlan => ({
    create: [],
    cancel: [],
    ...rest,
    status: { ...status, completionTime: rfc3339(now), conditions: [condition(before, outcome, now)] },
  });
  const fail = (status: PipelineRunStatus, { reason, message }: Failure) => finish(status, { status: 'False', reason, message });

  if (run.spec.status === 'Cancelled') {
    const message = `PipelineRun ${quote(run.metadata.name)} was cancelled`;
    const referenced = withReferences(started, run, children);
    return finish(referenced, { status: 'False', reason: 'Cancelled', message }, { cancel: toCancel(children, cancelledByPipeline) });
  }
  if ('missing' in input.pipeline) return fail(started, { reason: 'CouldntGetPipeline', message: input.pipeline.missing });

  const { name: pipelineName, spec } = input.pipeline;
  const known: PipelineRunStatus = {
    ...started,
    pipelineSpec: before.pipelineSpec ?? spec,
    provenance: { featureFlags: featureFlags(gates) },
  };
  const early = specProblem(run, pipelineName, spec, gates) ?? runProblem(run, pipelineName, spec);
  if (early !== undefined) return fail(known, early);
  const params = runParams(run, spec);
  if ('problem' in params) return fail(known, { reason: 'PipelineValidationFailed', message: `[User error] ${params.problem}` });
  const context = runContext(run, pipelineName, spec);
  const given = fromParams(params.values);
  const substituted = replaceInPipelineSpec(replaceInPipelineSpec(spec, given), context);
  const status: PipelineRunStatus = { ...known, pipelineSpec: substituted };

  const states = statesOf(input, pipelineName, substituted);
  if ('reason' in states) return fail(withReferences(status, run, children), states);
  const problem = tasksProblem(run, substituted, states);
  if (problem !== undefined) return fail(withReferences(status, run, children), problem);

  const graph = buildGraph(substituted.tasks ?? []);
  if ('problem' in graph) return fail(status, { reason: 'PipelineInvalidGraph', message: `[User error] ${graph.problem}` });
  const clock = clockOf(run, parseTime(startTime), now);
  const facts: Facts = {
    states,
    byName: new Map(states.map((state) => [state.task.name, state])),
    graph: graph.graph,
    wanted: run.spec.status ?? '',
    clock,
    invalid: new Map(),
  };
  if (over(clock, clock.start, clock.limits.pipeline)) {
    const limit = run.spec.timeouts?.pipeline ?? '';
    const message = `PipelineRun ${quote(run.metadata.name)} failed to finish within ${quote(limit)}`;
    const outcome: Outcome = { status: 'False', reason: 'PipelineRunTimeout', message };
    return finish(withReferences(status, run, children, states), outcome, { cancel: toCancel(children, cancelledByTimeout) });
  }

  const next = nextChildren(run, pipelineName, facts, { given, context });
  if ('reason' in next) return fail(withReferences(status, run, children, states), next);
  const settled: Facts = {
    ...facts,
    states: next.states,
    byName: new Map(next.states.map((state) => [state.task.name, state])),
    invalid: next.invalid,
  };
  const skips = new Skips(settled);
  const outcome = tasksTimeout(run, settled, skips) ?? outcomeOf(run.metadata.name, settled, skips);
  const all = withReferences(status, run, [...children, ...next.create], next.states);
  const skipped = settled.states
    .filter((state) => skips.skipped(state))
    .map((state) => {
      const reason = skips.reason(state);
      const when = next.tasks.get(state.task.name)?.when ?? [];
      return { name: state.task.name, reason, ...(reason === skipReasons.when && when.length > 0 ? { whenExpressions: when } : {}) };
    });
  if (skipped.length > 0) all.skippedTasks = skipped;
  else delete all.skippedTasks;
  if (skips.graphDone() && settled.states.some(({ final }) => final)) all.finallyStartTime ??= rfc3339(now);
  const cancel = cancellations(settled);
  if (outcome.status === 'Unknown') {
    const wake = wakeAt({ ...clock, finallyStart: all.finallyStartTime === undefined ? undefined : parseTime(all.finallyStartTime) });
    return {
      status: { ...all, conditions: [condition(before, outcome, now)] },
      create: next.create,
      cancel,
      ...(wake === undefined ? {} : { wake }),
    };
  }
  const results = pipelineResults(substituted.results, settled.byName);
  if (results.values.length > 0) all.results = results.values;
  if (results.invalid.length > 0) {
    const names = results.invalid.join(' ');
    return fail(all, {
      reason: 'CouldntGetPipelineResult',
      message: `Failed to get PipelineResult from TaskRun Results for PipelineRun ${run.metadata.name}: invalid pipelineresults [${names}], the referenced results don't exist`,
    });
  }
  return finish(all, outcome, { create: next.create, cancel });
}

function specProblem(run: PipelineRun, pipelineName: string, spec: PipelineSpec, gates: Gates): Failure | undefined {
  const graph = buildGraph(spec.tasks ?? []);
  const where = `${run.metadata.namespace ?? ''}/${run.metadata.name}`;
  if ('problem' in graph)
    return { reason: 'PipelineInvalidGraph', message: `[User error] PipelineRun ${where}'s Pipeline DAG is invalid: ${graph.problem}` };
  // An inline spec was judged when the run was admitted; one from elsewhere may be older than the rules.
  if (run.spec.pipelineSpec !== undefined) return undefined;
  const errors = specRules(spec, gates);
  if (errors.empty) return undefined;
  return {
    reason: 'PipelineValidationFailed',
    message: `[User error] Pipeline ${run.metadata.namespace ?? ''}/${pipelineName} can't be Run; it has an invalid spec: ${errors.toString()}`,
  };
}

function statesOf(input: PipelineRunInput, pipelineName: string, spec: PipelineSpec): TaskState[] | Failure {
  const { run, tasks, children } = input;
  const named = new Map(children.map((child) => [child.metadata.labels?.['tekton.dev/pipelineTask'] ?? '', child]));
  const states: TaskState[] = [];
  const all: [PipelineTask, boolean][] = [
    ...(spec.tasks ?? []).map((task): [PipelineTask, boolean] => [task, false]),
    ...(spec.finally ?? []).map((task): [PipelineTask, boolean] => [task, true]),
  ];
  for (const [task, final] of all) {
    const child = named.get(task.name);
    if (task.taskRef === undefined) {
      states.push({ task: propagated(task, run), final, resolved: { name: '', spec: bareSpec(task) }, run: child });
      continue;
    }
    const stored = child?.status?.taskSpec;
    const found = stored === undefined ? tasks.get(task.name) : { name: task.taskRef.name ?? '', spec: stored };
    if (found === undefined || 'missing' in found) {
      const name = quote(task.taskRef.name ?? '');
      const why = found?.missing ?? `tasks.tekton.dev ${name} not found`;
      return {
        reason: 'CouldntGetTask',
        message: `Pipeline ${run.metadata.namespace ?? ''}/${pipelineName} can't be Run; it contains Tasks that don't exist: Couldn't retrieve Task ${name}: ${why}`,
      };
    }
    states.push({ task, final, resolved: found, run: child });
  }
  return states;
}

/** A run whose tasks ran out of their own time fails with that, once its finally tasks are through. */
function tasksTimeout(run: PipelineRun, facts: Facts, skips: Skips): Outcome | undefined {
  const late = facts.states.some(
    (state) => !state.final && (isCancelledForTimeout(state) || skips.reason(state) === skipReasons.tasksTimeout),
  );
  const limit = run.spec.timeouts?.tasks;
  if (!late || limit === undefined || !facts.states.every((state) => skips.done(state))) return undefined;
  return {
    status: 'False',
    reason: 'PipelineRunTimeout',
    message: `PipelineRun ${quote(run.metadata.name)} failed due to tasks failed to finish within ${quote(limit)}`,
  };
}

/** Running tasks to stop: of the graph when the run is gracefully cancelled or its tasks are late, of finally when those are late. */
function cancellations(facts: Facts): { name: string; message: string }[] {
  const { clock, wanted } = facts;
  const tasksLate = clock.finallyStart === undefined && over(clock, clock.start, clock.limits.tasks);
  const finalLate = clock.finallyStart !== undefined && over(clock, clock.finallyStart, clock.limits.finally);
  return facts.states.flatMap((state) => {
    if (!isRunning(state) || state.run?.spec.status === 'TaskRunCancelled') return [];
    const name = state.run?.metadata.name ?? '';
    if (!state.final && wanted === 'CancelledRunFinally') return [{ name, message: cancelledByPipeline }];
    return (state.final ? finalLate : tasksLate) ? [{ name, message: cancelledByTimeout }] : [];
  });
}

function toCancel(children: readonly TaskRun[], message: string): { name: string; message: string }[] {
  return children
    .filter((child) => !isDone(child.status) && child.spec.status !== 'TaskRunCancelled')
    .map((child) => ({ name: child.metadata.name, message }));
}

function withReferences(
  status: PipelineRunStatus,
  run: PipelineRun,
  children: readonly TaskRun[],
  states: readonly TaskState[] = [],
): PipelineRunStatus {
  const before = run.status?.childReferences ?? [];
  const byTask = new Map(before.map((reference) => [reference.pipelineTaskName, reference]));
  for (const child of children) {
    const task = child.metadata.labels?.['tekton.dev/pipelineTask'] ?? '';
    if (!byTask.has(task))
      byTask.set(task, { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', name: child.metadata.name, pipelineTaskName: task });
  }
  for (const { task } of states) {
    const known = byTask.get(task.name);
    if (known === undefined) continue;
    const reference = { ...known };
    byTask.set(task.name, reference);
    if (task.displayName !== undefined) reference.displayName = task.displayName;
    if ((task.when ?? []).length > 0 && reference.whenExpressions === undefined)
      reference.whenExpressions = task.when as NonNullable<typeof task.when>;
  }
  const order = states.map(({ task }) => task.name);
  const place = (reference: ChildReference) =>
    order.includes(reference.pipelineTaskName) ? order.indexOf(reference.pipelineTaskName) : order.length;
  const references = [...byTask.values()].sort((left, right) => place(left) - place(right));
  return references.length === 0 ? { ...status } : { ...status, childReferences: references };
}
