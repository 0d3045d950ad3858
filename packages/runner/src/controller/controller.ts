import { setTimeout as sleep } from 'node:timers/promises';
import { defaultGates, isDone, type Gates, type PipelineRun, type TaskRun } from '@colophon/pipeline';
import type { KubeObject, ObjectStore, ResourceType } from '@colophon/store';
import { ChildIndex, ownerOf } from './children-index.ts';
import type { Context, Log } from './context.ts';
import type { Collaborators } from './contract.ts';
import { Directories } from './directories.ts';
import { messageOf } from './ended.ts';
import type { TaskHost } from './host.ts';
import { PipelineRuns } from './pipelineruns.ts';
import { pipelineRunType, taskRunType } from './resources.ts';
import { Slots } from './slots.ts';
import { keyOf, TaskRuns } from './taskruns.ts';
import { WorkQueue } from './work-queue.ts';

export interface ControllerOptions extends Collaborators {
  readonly store: ObjectStore;
  readonly host: TaskHost;
  /** The data directory: logs in runs/, claims in runner/claims/. */
  readonly data: string;
  /** TaskRuns that run at the same time. Default 8. */
  readonly concurrency?: number;
  readonly gates?: Gates;
  readonly log?: Log;
}

export interface Controller {
  /** Resolves when no run is being worked on; runs that wait (pending, for their time) do not count. */
  idle(): Promise<void>;
  /** Takes no more work, ends what runs without a status, and resolves when that is done. */
  close(): Promise<void>;
}

/**
 * Watches TaskRuns and PipelineRuns in the store and takes them to their end. What an earlier process left is made good
 * first, by the same code: finished runs are left alone, runs whose steps may have begun end with a reason (or their next
 * retry), everything else goes on. One controller for each store.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { store, host, inputs, images, outputs, masks, relays } = options;
  const log = options.log ?? (() => undefined);
  const directories = new Directories(options.data);
  const context: Context = {
    store,
    host,
    inputs,
    images,
    outputs,
    masks,
    relays,
    directories,
    gates: options.gates ?? defaultGates,
    log,
    now: () => Date.now(),
  };
  const children = new ChildIndex();
  const parents = new Map<string, string>();
  const stopping = new AbortController();

  const failed = (kind: string) => (key: string, error: unknown) =>
    log('warn', `a ${kind} is tried again`, { run: key, error: messageOf(error) });
  const taskRuns = new TaskRuns(context, new Slots(options.concurrency ?? 8), (run) => seen(run));
  const taskQueue = new WorkQueue((key) => taskRuns.reconcile(key), { parallel: 32, onFailure: failed('TaskRun') });
  const pipelineRuns = new PipelineRuns(context, children, {
    child: (child) => taskQueue.add(keyOf(child)),
    wake: (key, at) => pipelineQueue.addAt(key, at),
  });
  const pipelineQueue: WorkQueue = new WorkQueue((key) => pipelineRuns.reconcile(key), { parallel: 16, onFailure: failed('PipelineRun') });

  /** A TaskRun as it is now: for the index, and for the PipelineRun that waits for it. */
  function seen(run: TaskRun): void {
    children.put(run);
    const parent = parents.get(ownerOf(run) ?? '');
    if (parent !== undefined) pipelineQueue.add(parent);
  }

  function onTaskRun(type: string, object: KubeObject): void {
    const run = object as unknown as TaskRun;
    if (type === 'DELETED') {
      children.remove(run);
      void taskRuns
        .gone(run)
        .then(() => directories.forget(run))
        .catch((error: unknown) => log('warn', 'a deleted run left files', { run: keyOf(run), error: messageOf(error) }));
      return;
    }
    if (ownerOf(run) !== undefined && parents.has(ownerOf(run) ?? '')) seen(run);
    if (!isDone(run.status)) taskQueue.add(keyOf(run));
  }

  function onPipelineRun(type: string, object: KubeObject): void {
    const run = object as unknown as PipelineRun;
    const uid = run.metadata.uid ?? '';
    const key = keyOf(run);
    if (type === 'DELETED' || isDone(run.status)) {
      parents.delete(uid);
      pipelineRuns.forget(run);
      pipelineQueue.forget(key);
      if (type === 'DELETED') {
        void directories
          .forget(run)
          .catch((error: unknown) => log('warn', 'a deleted run left files', { run: key, error: messageOf(error) }));
      }
      return;
    }
    parents.set(uid, key);
    pipelineQueue.add(key);
  }

  const pipelineStart = await store.list(pipelineRunType);
  const taskStart = await store.list(taskRunType);
  await directories.sweep(existing([...pipelineStart.items, ...taskStart.items]));
  for (const item of pipelineStart.items) onPipelineRun('ADDED', item);
  for (const item of taskStart.items) onTaskRun('ADDED', item);
  const watches = [
    follow(store, pipelineRunType, pipelineStart.resourceVersion, stopping.signal, onPipelineRun, log),
    follow(store, taskRunType, taskStart.resourceVersion, stopping.signal, onTaskRun, log),
  ];

  return {
    async idle() {
      for (;;) {
        await Promise.all([taskQueue.idle(), pipelineQueue.idle(), taskRuns.idle()]);
        if (taskRuns.active === 0) return;
      }
    },
    async close() {
      stopping.abort();
      await Promise.all([taskQueue.stop(), pipelineQueue.stop()]);
      await taskRuns.stop();
      await Promise.all(watches);
    },
  };
}

function existing(items: readonly KubeObject[]): (uid: string) => boolean {
  const uids = new Set(items.map(({ metadata }) => metadata.uid));
  return (uid) => uids.has(uid);
}

/** Follows a kind for ever; a watch that ends or was compacted away begins again with a list. */
async function follow(
  store: ObjectStore,
  type: ResourceType,
  from: string,
  signal: AbortSignal,
  take: (type: string, object: KubeObject) => void,
  log: Log,
): Promise<void> {
  let resourceVersion = from;
  while (!signal.aborted) {
    try {
      for await (const event of store.watch(type, undefined, { resourceVersion, signal })) {
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        if (event.type !== 'BOOKMARK' && event.type !== 'ERROR') take(event.type, event.object);
      }
      if (!signal.aborted) await sleep(100, undefined, { signal });
    } catch (error) {
      if (signal.aborted) return;
      log('warn', `the watch of ${type.resource} is begun again`, { error: messageOf(error) });
      try {
        const list = await store.list(type);
        resourceVersion = list.resourceVersion;
        for (const item of list.items) take('ADDED', item);
      } catch (again) {
        log('error', `${type.resource} cannot be listed`, { error: messageOf(again) });
        await sleep(1_000, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
