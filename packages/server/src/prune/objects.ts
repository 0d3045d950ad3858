import { ColophonError, errorCode } from '@colophon/core';
import type { BuildRecord } from '@colophon/runner';
import { openObjectStore, type KubeObject, type ResourceType } from '@colophon/store';
import type { BuildStatus } from '../attestor/build-status.ts';
import { resources } from '../resources.ts';

/** Objects as prune sees them: a running server's API, or the store of a stopped one. */
export interface PruneObjects {
  /** All of a kind, in every namespace. */
  list(type: ResourceType): Promise<readonly KubeObject[]>;
  /** With what it owns. That it is gone, or is another by now, is success. */
  delete(type: ResourceType, object: KubeObject): Promise<void>;
}

/** Of a stopped server: its objects are in this process's memory, so no other process may write them meanwhile. */
export async function openStoredObjects(path: string): Promise<PruneObjects & { close(): Promise<void> }> {
  const store = await openObjectStore(path);
  return {
    list: async (type) => (await store.list(type)).items,
    async delete(type, { metadata }) {
      try {
        const { uid } = metadata;
        await store.delete(type, metadata.namespace, metadata.name as string, uid === undefined ? {} : { preconditions: { uid } });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },
    close: () => store.close(),
  };
}

/** Not found, or a precondition that no longer holds. */
export function isGone(error: unknown): boolean {
  return (error instanceof ColophonError && (error.status === 404 || error.status === 409)) || errorCode(error) === 'CLI_NOT_FOUND';
}

/** What there is, at one moment. */
export interface Inventory {
  /** Runs of their own: PipelineRuns, and TaskRuns that belong to none. */
  readonly runs: readonly KubeObject[];
  readonly taskRuns: readonly KubeObject[];
  readonly builds: readonly KubeObject[];
}

export async function takeInventory(objects: PruneObjects): Promise<Inventory> {
  const [pipelineRuns, taskRuns, builds] = (await Promise.all(
    [resources.pipelineruns, resources.taskruns, resources.builds].map((type) => objects.list(type)),
  )) as [readonly KubeObject[], readonly KubeObject[], readonly KubeObject[]];
  const own = taskRuns.filter(({ metadata }) => metadata.ownerReferences?.some(({ kind }) => kind === 'PipelineRun') !== true);
  return { runs: [...pipelineRuns, ...own], taskRuns, builds };
}

export function recordOf(build: KubeObject): BuildRecord {
  return build.spec as BuildRecord;
}

export function statusOf(build: KubeObject): BuildStatus | undefined {
  return build.status as BuildStatus | undefined;
}

/** Milliseconds since 1970 at which a run ended; undefined: it has not. */
export function endOf({ status }: KubeObject): number | undefined {
  const { conditions, completionTime } = (status ?? {}) as { conditions?: { type: string; status: string }[]; completionTime?: string };
  const ended = conditions?.some(({ type, status: state }) => type === 'Succeeded' && state !== 'Unknown') === true;
  const time = ended ? Date.parse(completionTime ?? '') : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

export function unfinished({ runs, taskRuns }: Inventory): number {
  return [...runs, ...taskRuns.filter((run) => !runs.includes(run))].filter((run) => endOf(run) === undefined).length;
}
