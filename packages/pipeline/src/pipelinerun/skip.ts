import { replaceWhen } from '../variables/replacements.ts';
import {
  isFailed,
  isScheduled,
  isStopping,
  isSuccessful,
  skipReasons,
  type Clock,
  type Facts,
  type SkipReason,
  type TaskState,
} from './facts.ts';
import { resolveResults, usesResults } from './result-values.ts';
import { stateReplacements } from './task-status.ts';
import { allowsExecution } from './when.ts';

/** Decides once for each task of a run whether it is skipped and why. One for each reconcile: facts do not change under it. */
export class Skips {
  readonly #facts: Facts;
  readonly #known = new Map<string, SkipReason>();
  readonly #stopping: boolean;

  constructor(facts: Facts) {
    this.#facts = facts;
    this.#stopping = isStopping(facts);
  }

  reason(state: TaskState): SkipReason {
    const { name } = state.task;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const reason = state.final ? this.#final(state) : this.#inGraph(state);
    this.#known.set(name, reason);
    return reason;
  }

  skipped(state: TaskState): boolean {
    return this.reason(state) !== skipReasons.none;
  }

  done(state: TaskState): boolean {
    return isSuccessful(state) || isFailed(state) || this.#facts.invalid.has(state.task.name) || this.skipped(state);
  }

  graphDone(): boolean {
    return this.#facts.states.filter(({ final }) => !final).every((state) => this.done(state));
  }

  finalDone(): boolean {
    return this.#facts.states.filter(({ final }) => final).every((state) => this.done(state));
  }

  #inGraph(state: TaskState): SkipReason {
    const { wanted, clock } = this.#facts;
    if (isScheduled(state) || this.#facts.invalid.has(state.task.name)) return skipReasons.none;
    if (this.#stopping) return skipReasons.stopping;
    if (wanted === 'CancelledRunFinally') return skipReasons.cancelled;
    if (wanted === 'StoppedRunFinally') return skipReasons.stopped;
    if (this.#parentSkipped(state)) return skipReasons.parent;
    const parents = this.#parents(state);
    if (!parents.every((parent) => this.done(parent))) return skipReasons.none;
    if (this.#resultsMissing(state)) return skipReasons.results;
    if (!this.#whenAllows(state)) return skipReasons.when;
    if (over(clock, clock.start, clock.limits.pipeline)) return skipReasons.pipelineTimeout;
    if (over(clock, clock.start, clock.limits.tasks)) return skipReasons.tasksTimeout;
    return skipReasons.none;
  }

  #final(state: TaskState): SkipReason {
    const { clock } = this.#facts;
    if (isScheduled(state) || !this.graphDone()) return skipReasons.none;
    if (usesResults(state.task) && 'problem' in resolveResults(state.task, this.#facts.byName)) return skipReasons.results;
    if (!this.#whenAllows(state)) return skipReasons.when;
    if (over(clock, clock.start, clock.limits.pipeline)) return skipReasons.pipelineTimeout;
    if (clock.finallyStart !== undefined && over(clock, clock.finallyStart, clock.limits.finally)) return skipReasons.finallyTimeout;
    return skipReasons.none;
  }

  #parents(state: TaskState): TaskState[] {
    return (this.#facts.graph.before.get(state.task.name) ?? []).map((name) => this.#facts.byName.get(name) as TaskState);
  }

  /** A parent that its own when expressions skipped does not take its children with it; every other one does. */
  #parentSkipped(state: TaskState): boolean {
    return this.#parents(state).some((parent) => this.skipped(parent) && this.reason(parent) !== skipReasons.when);
  }

  /** Missing results skip a task only where they come from a task that was itself skipped by when. */
  #resultsMissing(state: TaskState): boolean {
    if (!usesResults(state.task)) return false;
    const resolved = resolveResults(state.task, this.#facts.byName);
    if (!('problem' in resolved)) return false;
    const from = this.#facts.byName.get(resolved.from);
    return from !== undefined && this.reason(from) === skipReasons.when;
  }

  #whenAllows(state: TaskState): boolean {
    if ((state.task.when ?? []).length === 0) return true;
    const resolved = resolveResults(state.task, this.#facts.byName);
    let when = state.task.when ?? [];
    if (!('problem' in resolved)) when = replaceWhen(when, resolved.replacements);
    if (state.final) when = replaceWhen(when, stateReplacements(this.#facts, this));
    return allowsExecution(when);
  }
}

export function over(clock: Clock, start: number, limit: number | undefined): boolean {
  return limit !== undefined && clock.now - start > limit;
}
