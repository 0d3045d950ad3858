import { errorCode } from '@colophon/core';
import type { PipelineRun, PipelineRunStatus, TaskRun, TaskRunStatus } from '@colophon/pipeline';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { pipelineRunType, taskRunType } from './resources.ts';

/**
 * Writes a run's status, durably. Undefined if the run is gone, or another one has its name by now. The controller is the only
 * writer of statuses, so that the spec may change meanwhile without harm.
 */
export async function writeStatus<Run extends TaskRun | PipelineRun>(
  store: ObjectStore,
  run: Run,
  status: TaskRunStatus | PipelineRunStatus,
): Promise<Run | undefined> {
  const { name, namespace, uid } = run.metadata;
  const object: KubeObject = {
    apiVersion: run.apiVersion,
    kind: run.kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) },
    status,
  };
  try {
    return (await store.updateStatus(run.kind === 'TaskRun' ? taskRunType : pipelineRunType, object)) as unknown as Run;
  } catch (error) {
    if (['STORE_NOT_FOUND', 'STORE_CONFLICT'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Adds labels and annotations that a run's definition gives it, unless it has them. */
export async function addMetadata<Run extends TaskRun | PipelineRun>(
  store: ObjectStore,
  run: Run,
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): Promise<Run> {
  const missing = (wanted: Readonly<Record<string, string>>, has: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(wanted).filter(([key]) => has?.[key] === undefined));
  const patch = { labels: missing(labels, run.metadata.labels), annotations: missing(annotations, run.metadata.annotations) };
  if (Object.keys(patch.labels).length === 0 && Object.keys(patch.annotations).length === 0) return run;
  const type = run.kind === 'TaskRun' ? taskRunType : pipelineRunType;
  return (await store.patch(type, run.metadata.namespace, run.metadata.name, { metadata: patch }, 'merge')) as unknown as Run;
}
