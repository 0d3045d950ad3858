import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cancelledEnd,
  conditionOf,
  endedStatus,
  hasRetryLeft,
  isDone,
  pendingStatus,
  retryStatus,
  type PipelineRun,
  type TaskRun,
  type TaskRunEnd,
  type TaskRunStatus,
} from '@colophon/pipeline';
import { attempt } from './attempt.ts';
import type { DefinitionRecord, ProducedImage } from './build-record.ts';
import { ownerOf } from './children-index.ts';
import type { Context } from './context.ts';
import { definitionRecord, resolveTask } from './definitions.ts';
import { templateClaims } from './directories.ts';
import { messageOf } from './ended.ts';
import { emptyMaterials, type Materials } from './materials.ts';
import { outcomesFromStatus } from './outcomes.ts';
import { findRecord, keepRecord, parentOf, referenceOf, taskRunRecord } from './record.ts';
import { annotations, buildLabels, buildType, managers, pipelineRunType, taskRunType } from './resources.ts';
import type { Slots } from './slots.ts';
import { addMetadata, writeStatus } from './status-writer.ts';
import { Stop } from './stop.ts';

export const keyOf = ({ metadata }: { metadata: { namespace?: string; name?: string } }): string =>
  `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

export function splitKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

/**
 * Takes TaskRuns to their end. A run is active in one place at a time; what is found running and is not active was
 * interrupted by a crash, and its attempt counts as failed: steps are never run twice.
 */
export class TaskRuns {
  readonly #context: Context;
  readonly #slots: Slots;
  readonly #onDone: (run: TaskRun) => void;
  readonly #active = new Map<string, { stop: Stop; done: Promise<void> }>();

  /** `onDone` is told of every run whose last status is written. */
  constructor(context: Context, slots: Slots, onDone: (run: TaskRun) => void) {
    this.#context = context;
    this.#slots = slots;
    this.#onDone = onDone;
  }

  get active(): number {
    return this.#active.size;
  }

  /** Looks at a run and does what is to be done; returns at once where that takes long. */
  async reconcile(key: string): Promise<void> {
    const run = (await this.#context.store.get(taskRunType, ...splitKey(key))) as unknown as TaskRun | undefined;
    if (run === undefined || isDone(run.status) || !managers.has(run.spec.managedBy)) return;
    const active = this.#active.get(run.metadata.uid ?? '');
    if (run.metadata.deletionTimestamp !== undefined) return active?.stop.abandon();
    if (active !== undefined) {
      if (run.spec.status === 'TaskRunCancelled') active.stop.cancel(run.spec.statusMessage);
      return;
    }
    if (await this.#recovered(run)) return;
    if (run.spec.status === 'TaskRunCancelled') return this.#end(run, cancelledEnd(run));
    if (run.spec.status === 'TaskRunPending') {
      if (conditionOf(run.status)?.reason !== 'TaskRunPending')
        await writeStatus(this.#context.store, run, pendingStatus(run, this.#context.now()));
      return;
    }
    this.#start(run);
  }

  /** Stops a run that was deleted; resolves when nothing of it runs. */
  async gone(run: TaskRun): Promise<void> {
    const active = this.#active.get(run.metadata.uid ?? '');
    active?.stop.abandon();
    await active?.done;
  }

  /** Stops everything without writing a status: the next process finds the runs as they are. */
  async stop(): Promise<void> {
    for (const { stop } of this.#active.values()) stop.abandon();
    await Promise.all([...this.#active.values()].map(({ done }) => done));
  }

  async idle(): Promise<void> {
    while (this.#active.size > 0) await Promise.all([...this.#active.values()].map(({ done }) => done));
  }

  /** Makes good what a crash left; true if there was something and it is dealt with. */
  async #recovered(run: TaskRun): Promise<boolean> {
    if (run.status?.startTime === undefined) return false;
    const { namespace = '', uid = '' } = run.metadata;
    const record = await findRecord(this.#context.store, namespace, uid);
    if (record !== undefined) {
      await this.#written(run, record.status);
      return true;
    }
    if (conditionOf(run.status)?.reason !== 'Running') return false;
    const end: TaskRunEnd =
      run.spec.status === 'TaskRunCancelled'
        ? cancelledEnd(run)
        : { reason: 'Failed', message: `TaskRun "${run.metadata.name}" was interrupted: the process that ran it ended` };
    await this.#end(run, end);
    return true;
  }

  /** Ends a run that is not active, as failed; a retry that is left is taken. */
  async #end(run: TaskRun, end: TaskRunEnd): Promise<void> {
    const began = run.status?.taskSpec !== undefined;
    const status = endedStatus(
      run,
      end,
      run.status?.taskSpec,
      began ? outcomesFromStatus(run.status) : undefined,
      this.#context.now(),
      this.#context.gates,
    );
    if (hasRetryLeft(run, status)) {
      const again = await writeStatus(this.#context.store, run, retryStatus(run, status, this.#context.now()));
      if (again !== undefined) this.#start(again);
      return;
    }
    const found = await resolveTask(this.#context.store, run);
    const definitions = 'missing' in found ? [] : [definitionRecord('Task', found)];
    await this.#finish(run, status, definitions, emptyMaterials(), []);
  }

  #start(run: TaskRun): void {
    const uid = run.metadata.uid ?? '';
    const stop = new Stop();
    const done = this.#drive(run, stop)
      .catch((error: unknown) =>
        this.#context.log('error', 'a TaskRun could not be taken to its end', { run: keyOf(run), error: messageOf(error) }),
      )
      .finally(() => {
        stop.clear();
        this.#active.delete(uid);
      });
    this.#active.set(uid, { stop, done });
  }

  async #drive(first: TaskRun, stop: Stop): Promise<void> {
    const release = await this.#slots.take();
    try {
      await this.#attempts(first, stop);
    } finally {
      release();
    }
  }

  async #attempts(first: TaskRun, stop: Stop): Promise<void> {
    const context = this.#context;
    if (stop.kind === 'gone') return;
    const definition = await resolveTask(context.store, first);
    if ('missing' in definition) {
      const end: TaskRunEnd =
        stop.kind === 'cancelled' ? cancelledEnd(first) : { reason: 'TaskRunResolutionFailed', message: definition.missing };
      return this.#finish(first, endedStatus(first, end, undefined, undefined, context.now(), context.gates), [], emptyMaterials(), []);
    }
    let run = await this.#named(first, definition.source.kind === 'store' ? definition : undefined);
    const definitions = [definitionRecord('Task', definition)];
    const parent = await this.#parent(run);
    const claims = templateClaims(parent ?? run);
    for (;;) {
      const known = await this.#known(run);
      const reference = referenceOf(run);
      const task = run.metadata.labels?.['tekton.dev/pipelineTask'] ?? run.metadata.name;
      const current = run;
      const result = await attempt(context, {
        run,
        reference,
        task,
        definition,
        templateClaims: claims,
        known,
        stop,
        write: async (status) => {
          if ((await writeStatus(context.store, current, status)) === undefined) stop.abandon();
        },
      });
      if (result === undefined) return;
      if (stop.kind === 'cancelled' || !hasRetryLeft(run, result.status))
        return this.#finish(run, result.status, definitions, result.materials, known);
      await this.#keepLogs(run);
      const again = await writeStatus(context.store, run, retryStatus(run, result.status, context.now()));
      if (again === undefined) return;
      run = again;
    }
  }

  /** The record first, durably; then the status that makes the end visible. */
  async #finish(
    run: TaskRun,
    status: TaskRunStatus,
    definitions: readonly DefinitionRecord[],
    materials: Materials,
    known: readonly ProducedImage[],
  ): Promise<void> {
    const record = await keepRecord(this.#context.store, taskRunRecord(run, status, definitions, materials, known));
    await this.#written(run, record.status);
  }

  async #written(run: TaskRun, status: TaskRunStatus): Promise<void> {
    const done = await writeStatus(this.#context.store, run, status);
    if (done !== undefined) this.#onDone(done);
  }

  /** A run of a stored Task carries the Task's name, labels and annotations; one with the network says that it cannot be replayed. */
  async #named(
    run: TaskRun,
    task: { name: string; labels: Readonly<Record<string, string>>; annotations: Readonly<Record<string, string>> } | undefined,
  ): Promise<TaskRun> {
    const labels = task === undefined ? {} : { ...task.labels, 'tekton.dev/task': task.name };
    const network = run.metadata.annotations?.[annotations.network] !== undefined;
    const notes = { ...task?.annotations, ...(network ? { [annotations.replayable]: 'false' } : {}) };
    return addMetadata(this.#context.store, run, labels, notes);
  }

  async #parent(run: TaskRun): Promise<PipelineRun | undefined> {
    const parent = parentOf(run);
    return parent === undefined
      ? undefined
      : ((await this.#context.store.get(pipelineRunType, parent.namespace, parent.name)) as unknown as PipelineRun | undefined);
  }

  /** Images that this run's siblings have produced so far. */
  async #known(run: TaskRun): Promise<ProducedImage[]> {
    const owner = ownerOf(run);
    if (owner === undefined) return [];
    const { items } = await this.#context.store.list(buildType, run.metadata.namespace, {
      labelSelector: `${buildLabels.parent}=${owner}`,
    });
    return items.flatMap(({ spec }) => (spec as { produced: ProducedImage[] }).produced);
  }

  /** The logs of an attempt that failed stay, numbered, when the next one begins. */
  async #keepLogs(run: TaskRun): Promise<void> {
    const directory = this.#context.directories.runs(run.metadata.uid ?? '');
    const number = run.status?.retriesStatus?.length ?? 0;
    for (const step of outcomesFromStatus(run.status).map(({ name }) => name)) {
      await rename(join(directory, `step-${step}.log`), join(directory, `step-${step}.${number}.log`)).catch(() => undefined);
    }
  }
}
