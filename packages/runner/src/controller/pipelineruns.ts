import { canonicalJson, errorCode } from '@colophon/core';
import {
  isDone,
  planPipelineRun,
  rfc3339,
  type FoundTask,
  type PipelineRun,
  type PipelineRunPlan,
  type PipelineSpec,
  type TaskRun,
} from '@colophon/pipeline';
import type { KubeObject } from '@colophon/store';
import type { BuildRecord } from './build-record.ts';
import type { ChildIndex } from './children-index.ts';
import type { Context } from './context.ts';
import { definitionRecord, findTask, resolvePipeline, type Missing, type Resolved } from './definitions.ts';
import { Ended } from './ended.ts';
import { findRecord, keepRecord, pipelineRunRecord } from './record.ts';
import { managers, pipelineRunType, taskRunType } from './resources.ts';
import { addMetadata, writeStatus } from './status-writer.ts';
import { splitKey } from './taskruns.ts';

/** Takes PipelineRuns one step further each time something of them changes. */
export class PipelineRuns {
  readonly #context: Context;
  readonly #children: ChildIndex;
  readonly #onChild: (child: TaskRun) => void;
  readonly #wake: (key: string, at: number) => void;
  /** Pipelines as they were when their runs began. */
  readonly #pipelines = new Map<string, Resolved<PipelineSpec>>();

  constructor(context: Context, children: ChildIndex, on: { child: (child: TaskRun) => void; wake: (key: string, at: number) => void }) {
    this.#context = context;
    this.#children = children;
    this.#onChild = on.child;
    this.#wake = on.wake;
  }

  async reconcile(key: string): Promise<void> {
    const { store } = this.#context;
    const found = (await store.get(pipelineRunType, ...splitKey(key))) as unknown as PipelineRun | undefined;
    if (
      found === undefined ||
      isDone(found.status) ||
      found.metadata.deletionTimestamp !== undefined ||
      !managers.has(found.spec.managedBy)
    )
      return;
    const uid = found.metadata.uid ?? '';
    const kept = found.status?.startTime === undefined ? undefined : await findRecord(store, found.metadata.namespace ?? '', uid);
    if (kept !== undefined) return this.#written(found, kept);

    const pipeline = await this.#pipeline(found);
    const run = 'missing' in pipeline ? found : await this.#named(found, pipeline);
    const children = this.#children.of(uid);
    const plan = planPipelineRun({
      run,
      pipeline,
      tasks: 'missing' in pipeline ? new Map() : await this.#tasks(run, pipeline.spec),
      children,
      now: this.#context.now(),
      gates: this.#context.gates,
    });
    await this.#cancel(run, plan);
    try {
      await this.#create(plan);
    } catch (error) {
      if (error instanceof Ended) return this.#finish(run, pipeline, this.#failed(run, plan, error));
      // The run has begun all the same: its time runs.
      await writeStatus(store, run, { ...run.status, startTime: plan.status.startTime ?? '', conditions: plan.status.conditions ?? [] });
      throw error;
    }
    if (isDone(plan.status)) {
      // The record is of all tasks: those that were just told to end come first, and wake this run when they have.
      const running = this.#children.of(uid).filter((child) => !isDone(child.status));
      if (running.length === 0) await this.#finish(run, pipeline, plan);
      return;
    }
    if (canonicalJson(plan.status) !== canonicalJson(run.status ?? {})) await writeStatus(store, run, plan.status);
    if (plan.wake !== undefined) this.#wake(key, plan.wake);
  }

  forget(run: PipelineRun): void {
    this.#pipelines.delete(run.metadata.uid ?? '');
    this.#children.forget(run.metadata.uid ?? '');
  }

  /**
   * The run's pipeline, the same throughout the run. After a restart a pipeline that was changed or deleted meanwhile is
   * taken from the run's status, as Tekton does; its definition is then recorded as it stands there.
   */
  async #pipeline(run: PipelineRun): Promise<Resolved<PipelineSpec> | Missing> {
    const uid = run.metadata.uid ?? '';
    const known = this.#pipelines.get(uid);
    if (known !== undefined) return known;
    const resolved = await resolvePipeline(this.#context.store, run);
    const stored = run.status?.pipelineSpec;
    if ('missing' in resolved) {
      if (stored === undefined) return resolved;
      return {
        name: run.spec.pipelineRef?.name ?? run.metadata.name,
        spec: stored,
        source: { kind: 'store' },
        labels: {},
        annotations: {},
      };
    }
    this.#pipelines.set(uid, resolved);
    return resolved;
  }

  async #tasks(run: PipelineRun, spec: PipelineSpec): Promise<Map<string, FoundTask>> {
    const tasks = new Map<string, FoundTask>();
    for (const task of [...(spec.tasks ?? []), ...(spec.finally ?? [])]) {
      if (task.taskRef !== undefined)
        tasks.set(task.name, await findTask(this.#context.store, run.metadata.namespace ?? '', task.taskRef.name ?? ''));
    }
    return tasks;
  }

  async #named(run: PipelineRun, { name, labels, annotations }: Resolved<PipelineSpec>): Promise<PipelineRun> {
    const prefix = run.metadata.generateName;
    const label = run.spec.pipelineSpec === undefined || prefix === undefined ? name : prefix.replace(/-$/, '');
    return addMetadata(this.#context.store, run, { ...labels, 'tekton.dev/pipeline': label }, annotations);
  }

  async #create(plan: PipelineRunPlan): Promise<void> {
    await Promise.all(
      plan.create.map(async (child) => {
        const created = await this.#createOne(child);
        if (created === undefined) return;
        this.#children.put(created);
        this.#onChild(created);
      }),
    );
  }

  /** A child of that name that is there already is this run's, from before a crash; another's is left alone and ends the run. */
  async #createOne(child: TaskRun): Promise<TaskRun | undefined> {
    const { store } = this.#context;
    try {
      return (await store.create(taskRunType, child as unknown as KubeObject)) as unknown as TaskRun;
    } catch (error) {
      if (errorCode(error) !== 'STORE_ALREADY_EXISTS') throw error;
      const there = (await store.get(taskRunType, child.metadata.namespace, child.metadata.name)) as unknown as TaskRun | undefined;
      const owner = child.metadata.ownerReferences?.[0]?.uid;
      if (there?.metadata.ownerReferences?.some(({ uid }) => uid === owner) !== true) {
        throw new Ended({ reason: 'Failed', message: `TaskRun "${child.metadata.name}" exists already and is not of this run` });
      }
      return there;
    }
  }

  #failed(run: PipelineRun, { status, cancel }: PipelineRunPlan, error: Ended): PipelineRunPlan {
    const now = rfc3339(this.#context.now());
    const children = new Set(this.#children.of(run.metadata.uid ?? '').map(({ metadata }) => metadata.name));
    const references = (status.childReferences ?? []).filter(({ name }) => children.has(name));
    const condition = {
      type: 'Succeeded' as const,
      status: 'False' as const,
      reason: error.end.reason,
      message: error.message,
      lastTransitionTime: now,
    };
    return { status: { ...status, childReferences: references, completionTime: now, conditions: [condition] }, create: [], cancel };
  }

  async #cancel(run: PipelineRun, plan: PipelineRunPlan): Promise<void> {
    for (const { name, message } of plan.cancel) {
      const patch = { spec: { status: 'TaskRunCancelled', statusMessage: message } };
      try {
        const child = (await this.#context.store.patch(taskRunType, run.metadata.namespace, name, patch, 'merge')) as unknown as TaskRun;
        this.#children.put(child);
        this.#onChild(child);
      } catch (error) {
        if (errorCode(error) !== 'STORE_NOT_FOUND') throw error;
      }
    }
  }

  async #finish(run: PipelineRun, pipeline: Resolved<PipelineSpec> | Missing, plan: PipelineRunPlan): Promise<void> {
    const { store } = this.#context;
    const children: { pipelineTask: string; record: BuildRecord }[] = [];
    for (const { name, pipelineTaskName } of plan.status.childReferences ?? []) {
      const child = this.#children.of(run.metadata.uid ?? '').find(({ metadata }) => metadata.name === name);
      const record = child === undefined ? undefined : await findRecord(store, run.metadata.namespace ?? '', child.metadata.uid ?? '');
      if (record !== undefined) children.push({ pipelineTask: pipelineTaskName, record });
    }
    const definitions = 'missing' in pipeline ? [] : [definitionRecord('Pipeline', pipeline)];
    await this.#written(run, await keepRecord(store, pipelineRunRecord(run, plan.status, definitions, children)));
  }

  async #written(run: PipelineRun, record: BuildRecord): Promise<void> {
    await writeStatus(this.#context.store, run, record.status);
    this.forget(run);
  }
}
