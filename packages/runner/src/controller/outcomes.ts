import { maxResultBytes, resultMessage, type StepOutcome, type TaskRunStatus } from '@colophon/pipeline';
import type { StepOutcome as HostOutcome, TaskOutcome } from '../plan/plan.ts';

/** What is known of each step while a task runs and afterwards, in Tekton's terms. */
export class StepStates {
  readonly #steps: Map<string, StepOutcome>;

  constructor(steps: readonly { name: string; onError: 'continue' | 'stopAndFail'; imageID?: string }[]) {
    this.#steps = new Map(
      steps.map(({ name, onError, imageID }) => [name, { name, onError, state: 'waiting', ...(imageID === undefined ? {} : { imageID }) }]),
    );
  }

  started(step: string, at: string): void {
    const known = this.#steps.get(step);
    if (known !== undefined) this.#steps.set(step, { ...known, state: 'running', startedAt: Date.parse(at) });
  }

  finished(outcome: HostOutcome): void {
    const known = this.#steps.get(outcome.name);
    if (known !== undefined) this.#steps.set(outcome.name, ended(known, outcome));
  }

  /**
   * The end of the task. The host reads results when all steps are through: they are the last step's that ran. Results
   * that are too long or could not be taken fail that step, as Tekton's entrypoint does. Gives what to say of that in its log.
   */
  end(outcome: TaskOutcome): { step: string; complaint: string } | undefined {
    for (const step of outcome.steps) this.finished(step);
    const last = [...this.#steps.values()].findLast(({ state }) => state === 'exited');
    if (last === undefined) return undefined;
    const refused = Object.entries(outcome.refused).map(([name, reason]) => `${name}: ${reason}`);
    const size = Buffer.byteLength(resultMessage(outcome.results) ?? '');
    if (size > maxResultBytes) refused.push(`the results take ${size} bytes, ${maxResultBytes} are allowed`);
    if (refused.length > 0) {
      this.#steps.set(last.name, {
        ...last,
        exitCode: last.exitCode === 0 || last.exitCode === undefined ? 1 : last.exitCode,
        onError: 'stopAndFail',
      });
      return { step: last.name, complaint: `results refused: ${refused.join('; ')}` };
    }
    this.#steps.set(last.name, { ...last, results: outcome.results });
    return undefined;
  }

  get all(): StepOutcome[] {
    return [...this.#steps.values()];
  }

  get succeeded(): boolean {
    return this.all.every(
      ({ state, exitCode, killed, onError }) => state === 'exited' && killed === undefined && (exitCode === 0 || onError === 'continue'),
    );
  }
}

function ended(known: StepOutcome, outcome: HostOutcome): StepOutcome {
  const times = { startedAt: Date.parse(outcome.startedAt), finishedAt: Date.parse(outcome.finishedAt) };
  if (outcome.cause === 'skipped') return { ...known, ...times, state: 'skipped' };
  // Killed with the task: the task's own end is told of it.
  if (outcome.cause === 'cancelled' || outcome.cause === 'task-timeout') return { ...known, startedAt: times.startedAt, state: 'running' };
  return {
    ...known,
    ...times,
    state: 'exited',
    exitCode: outcome.exitCode,
    ...(outcome.cause === 'timeout' ? { killed: 'timeout' as const } : outcome.reason === 'OOMKilled' ? { killed: 'oom' as const } : {}),
  };
}

/** Steps as an earlier process wrote them down: for a run that was interrupted. */
export function outcomesFromStatus(status: TaskRunStatus | undefined): StepOutcome[] {
  return (status?.steps ?? []).map(({ name, imageID, running, terminated, terminationReason }) => ({
    name,
    onError: terminationReason === 'Continued' ? 'continue' : 'stopAndFail',
    ...(imageID === undefined ? {} : { imageID }),
    ...(terminated === undefined
      ? {
          state: running === undefined ? ('waiting' as const) : ('running' as const),
          ...(running === undefined ? {} : { startedAt: Date.parse(running.startedAt) }),
        }
      : {
          state: terminationReason === 'Skipped' ? ('skipped' as const) : ('exited' as const),
          exitCode: terminated.exitCode,
          startedAt: Date.parse(terminated.startedAt),
          finishedAt: Date.parse(terminated.finishedAt),
        }),
  }));
}
