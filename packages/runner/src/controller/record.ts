import { errorCode } from '@colophon/core';
import { conditionOf, type PipelineRun, type TaskRun, type TaskRunStatus, type PipelineRunStatus } from '@colophon/pipeline';
import type { KubeObject, ObjectStore } from '@colophon/store';
import type { BuildRecord, DefinitionRecord, ProducedImage, ResultRecord, RunReference } from './build-record.ts';
import { ownerOf } from './children-index.ts';
import { judgeClaims } from './claims.ts';
import type { Materials } from './materials.ts';
import { buildLabels, buildType } from './resources.ts';

export function referenceOf(run: TaskRun | PipelineRun): RunReference {
  const { namespace = '', name, uid = '' } = run.metadata;
  return { apiVersion: 'tekton.dev/v1', kind: run.kind, namespace, name, uid };
}

export function parentOf(run: TaskRun): RunReference | undefined {
  const uid = ownerOf(run);
  if (uid === undefined) return undefined;
  const owner = run.metadata.ownerReferences?.find((reference) => reference.uid === uid);
  return { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', namespace: run.metadata.namespace ?? '', name: owner?.name ?? '', uid };
}

/** The record of a TaskRun that has come to its end. `known` are images of other tasks of the same run, which it may speak of. */
export function taskRunRecord(
  run: TaskRun,
  status: TaskRunStatus,
  definitions: readonly DefinitionRecord[],
  materials: Materials,
  known: readonly ProducedImage[],
): BuildRecord {
  const parent = parentOf(run);
  const results: ResultRecord[] = (status.results ?? []).map(({ name, type, value }) => ({ name, type, value }));
  const notReplayable = [...materials.notReplayable].sort();
  return {
    ...common(run, status),
    ...(parent === undefined ? {} : { parent }),
    children: [],
    definitions,
    inputs: materials.inputs,
    stepImages: materials.stepImages,
    produced: materials.produced,
    results,
    claims: judgeClaims(results, [...materials.produced, ...known]),
    network: materials.network,
    replayable: notReplayable.length === 0,
    notReplayable,
    mode: materials.mode,
  };
}

/** The record of a PipelineRun from those of its TaskRuns. */
export function pipelineRunRecord(
  run: PipelineRun,
  status: PipelineRunStatus,
  definitions: readonly DefinitionRecord[],
  children: readonly { readonly pipelineTask: string; readonly record: BuildRecord }[],
): BuildRecord {
  const records = children.map(({ record }) => record);
  const produced = records.flatMap((record) => record.produced);
  const own: ResultRecord[] = (status.results ?? []).map(({ name, value }) => ({
    name,
    type: typeof value === 'string' ? 'string' : Array.isArray(value) ? 'array' : 'object',
    value,
  }));
  const ofTasks = children.flatMap(({ pipelineTask, record }) => record.results.map((result) => ({ ...result, task: pipelineTask })));
  const notReplayable = [...new Set(records.flatMap((record) => record.notReplayable))].sort();
  const modes = new Set(records.map(({ mode }) => mode).filter((mode) => mode !== 'none'));
  return {
    ...common(run, status),
    children: children.map(({ pipelineTask, record }) => ({ ...record.run, pipelineTask })),
    definitions: [
      ...definitions,
      ...children.flatMap(({ pipelineTask, record }) => record.definitions.map((definition) => ({ ...definition, pipelineTask }))),
    ],
    inputs: distinct(records.flatMap((record) => record.inputs)),
    stepImages: records.flatMap((record) => record.stepImages),
    produced,
    results: [...own, ...ofTasks],
    // Each task's results are judged for themselves: a URL and a digest of different tasks make no pair.
    claims: [own, ...children.map(({ pipelineTask }) => ofTasks.filter(({ task }) => task === pipelineTask))].flatMap((results) =>
      judgeClaims(results, produced),
    ),
    network: records.some((record) => record.network),
    replayable: notReplayable.length === 0,
    notReplayable,
    // The weakest isolation of any of its steps is the run's.
    mode: modes.has('sandbox-rootless') ? 'sandbox-rootless' : modes.has('sandbox') ? 'sandbox' : 'none',
  };
}

function common(run: TaskRun | PipelineRun, status: TaskRunStatus | PipelineRunStatus) {
  const outcome = conditionOf(status);
  const finishedAt = status.completionTime ?? outcome?.lastTransitionTime ?? '';
  return {
    version: 1 as const,
    run: referenceOf(run),
    kind: run.kind,
    uid: run.metadata.uid ?? '',
    spec: run.spec as unknown as Record<string, unknown>,
    startedAt: status.startTime ?? finishedAt,
    finishedAt,
    outcome: { succeeded: outcome?.status === 'True', reason: outcome?.reason ?? '', message: outcome?.message ?? '' },
    status: status as unknown as Record<string, unknown>,
  };
}

function distinct<Item>(items: readonly Item[]): Item[] {
  const seen = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...seen.values()];
}

/**
 * Makes the record durable; one that is there already stands. Gives the record that counts: a process that died after
 * writing it had its reasons.
 */
export async function keepRecord(store: ObjectStore, record: BuildRecord): Promise<BuildRecord> {
  const { namespace, uid } = record.run;
  const object: KubeObject = {
    apiVersion: 'colophon.dev/v1',
    kind: 'Build',
    metadata: {
      name: uid,
      namespace,
      labels: { [buildLabels.kind]: record.kind, ...(record.parent === undefined ? {} : { [buildLabels.parent]: record.parent.uid }) },
    },
    spec: record,
  };
  try {
    await store.create(buildType, object);
    return record;
  } catch (error) {
    if (errorCode(error) !== 'STORE_ALREADY_EXISTS') throw error;
    return (await findRecord(store, namespace, uid)) ?? record;
  }
}

export async function findRecord(store: ObjectStore, namespace: string, uid: string): Promise<BuildRecord | undefined> {
  return (await store.get(buildType, namespace, uid))?.spec as BuildRecord | undefined;
}
