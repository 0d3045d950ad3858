import { setTimeout as sleep } from 'node:timers/promises';
import { coreErrors } from '@colophon/core';
import type { StepOutcome, TaskEvent, TaskOutcome, TaskPlanInput } from '../../src/plan/plan.ts';
import type { TaskHost } from '../../src/controller/host.ts';

/**
 * A host that runs no processes: a step's script is read line by line.
 *
 *     exit N            ends the step with N
 *     sleep MS          waits (and can be killed)
 *     result NAME TEXT  writes a result
 *     die               the host goes away
 *     oom               the step is killed for its memory
 */
export class FakeHost implements TaskHost {
  /** Plans that were run, in the order in which they began. */
  readonly plans: TaskPlanInput[] = [];
  readonly #running = new Map<string, AbortController>();
  up = true;

  async ready(signal: AbortSignal): Promise<void> {
    while (!this.up) await sleep(5, undefined, { signal });
  }

  async cancel(uid: string): Promise<void> {
    this.#running.get(uid)?.abort();
  }

  async run(plan: TaskPlanInput, { onEvent }: { onEvent: (event: TaskEvent) => void }): Promise<TaskOutcome> {
    this.plans.push(structuredClone(plan));
    const stop = new AbortController();
    this.#running.set(plan.uid, stop);
    try {
      return await this.#steps(plan, stop.signal, onEvent);
    } finally {
      this.#running.delete(plan.uid);
    }
  }

  async #steps(plan: TaskPlanInput, signal: AbortSignal, onEvent: (event: TaskEvent) => void): Promise<TaskOutcome> {
    const results: Record<string, string> = {};
    const steps: StepOutcome[] = [];
    let failed = false;
    for (const step of plan.steps) {
      const startedAt = new Date().toISOString();
      if (failed) {
        steps.push({
          name: step.name,
          container: step.container,
          exitCode: 1,
          reason: 'Error',
          cause: 'skipped',
          startedAt,
          finishedAt: startedAt,
        });
        continue;
      }
      onEvent({ type: 'step-started', step: step.name, container: step.container, at: startedAt });
      const ended = await this.#script(step, results, signal);
      const outcome: StepOutcome = {
        name: step.name,
        container: step.container,
        startedAt,
        finishedAt: new Date().toISOString(),
        ...ended,
      };
      onEvent({ type: 'step-finished', outcome });
      steps.push(outcome);
      if (outcome.cause === 'cancelled') return { steps, results, refused: {}, cause: 'cancelled', mode: 'sandbox' };
      failed = (outcome.exitCode !== 0 || outcome.reason !== 'Completed') && step.onError !== 'continue';
    }
    return { steps, results, refused: {}, mode: 'sandbox' };
  }

  async #script(
    step: TaskPlanInput['steps'][number],
    results: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Pick<StepOutcome, 'exitCode' | 'reason' | 'cause'>> {
    const deadline = step.timeoutMs === undefined ? undefined : AbortSignal.timeout(step.timeoutMs);
    for (const line of (step.script ?? '').split('\n')) {
      const [word, first = '', ...rest] = line.trim().split(' ');
      if (word === 'exit') return Number(first) === 0 ? done : { exitCode: Number(first), reason: 'Error' };
      if (word === 'result') results[first] = rest.join(' ');
      if (word === 'oom') return { exitCode: 255, reason: 'OOMKilled' };
      if (word === 'die') throw coreErrors.error('CORE_IPC_CLOSED', 'the peer is gone');
      if (word === 'sleep') {
        const until = AbortSignal.any([signal, ...(deadline === undefined ? [] : [deadline])]);
        await sleep(Number(first), undefined, { signal: until }).catch(() => undefined);
        if (signal.aborted) return { exitCode: 137, reason: 'Error', cause: 'cancelled' };
        if (deadline?.aborted === true) return { exitCode: 1, reason: 'Error', cause: 'timeout' };
      }
    }
    return done;
  }
}

const done = { exitCode: 0, reason: 'Completed' } as const;
