import { canonicalJson, digestOf } from '@colophon/core';
import type { PipelineRun, PipelineSpec, TaskRun, TaskSpec } from '@colophon/pipeline';
import type { ObjectStore } from '@colophon/store';
import type { DefinitionRecord } from './build-record.ts';
import { pipelineType, taskType } from './resources.ts';

export interface Resolved<Spec> {
  /** The object's name; the run's for an inline spec. */
  readonly name: string;
  readonly spec: Spec;
  readonly source: DefinitionRecord['source'];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export type Missing = { readonly missing: string };

/** The Task of a TaskRun: inline, or of that name in its namespace. The message is Tekton's for a Task that is not there. */
export async function resolveTask(store: ObjectStore, run: TaskRun): Promise<Resolved<TaskSpec> | Missing> {
  const { taskSpec, taskRef } = run.spec;
  if (taskSpec !== undefined) return { name: run.metadata.name, spec: taskSpec, source: { kind: 'inline' }, labels: {}, annotations: {} };
  const found = await findTask(store, run.metadata.namespace ?? '', taskRef?.name ?? '');
  return 'missing' in found ? { missing: `error when listing tasks for taskRun ${run.metadata.name}: ${found.missing}` } : found;
}

/** A Task by its name. */
export async function findTask(store: ObjectStore, namespace: string, name: string): Promise<Resolved<TaskSpec> | Missing> {
  const task = name === '' ? undefined : await store.get(taskType, namespace, name);
  if (task === undefined) return { missing: `tasks.tekton.dev "${name}" not found` };
  return {
    name,
    spec: task.spec as TaskSpec,
    source: { kind: 'store', uri: `${namespace}/tasks/${name}`, ...revisionOf(task.metadata.annotations) },
    labels: task.metadata.labels ?? {},
    annotations: withoutApplied(task.metadata.annotations),
  };
}

export async function resolvePipeline(store: ObjectStore, run: PipelineRun): Promise<Resolved<PipelineSpec> | Missing> {
  const { pipelineSpec, pipelineRef } = run.spec;
  const runName = run.metadata.name;
  const namespace = run.metadata.namespace ?? '';
  if (pipelineSpec !== undefined) return { name: runName, spec: pipelineSpec, source: { kind: 'inline' }, labels: {}, annotations: {} };
  const name = pipelineRef?.name ?? '';
  const pipeline = name === '' ? undefined : await store.get(pipelineType, namespace, name);
  if (pipeline === undefined) {
    const why = `tekton client cannot get pipeline ${name} from local cluster: pipelines.tekton.dev "${name}" not found`;
    return {
      missing: `Error retrieving pipeline for pipelinerun ${namespace}/${runName}: error when getting Pipeline for PipelineRun ${runName}: ${why}`,
    };
  }
  return {
    name,
    spec: pipeline.spec as PipelineSpec,
    source: { kind: 'store', uri: `${namespace}/pipelines/${name}`, ...revisionOf(pipeline.metadata.annotations) },
    labels: pipeline.metadata.labels ?? {},
    annotations: withoutApplied(pipeline.metadata.annotations),
  };
}

/** Whoever put a definition into the store may say where it is from; a claim about its origin, kept as such. */
function revisionOf(annotations: Readonly<Record<string, string>> | undefined): { revision?: string; path?: string } {
  const revision = annotations?.['colophon.dev/source-revision'];
  const path = annotations?.['colophon.dev/source-path'];
  return { ...(revision === undefined ? {} : { revision }), ...(path === undefined ? {} : { path }) };
}

function withoutApplied(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...rest } = annotations ?? {};
  return rest;
}

export function definitionRecord(
  kind: DefinitionRecord['kind'],
  { name, spec, source }: Pick<Resolved<TaskSpec | PipelineSpec>, 'name' | 'spec' | 'source'>,
  pipelineTask?: string,
): DefinitionRecord {
  const plain = spec as unknown as Record<string, unknown>;
  return {
    kind,
    name,
    ...(pipelineTask === undefined ? {} : { pipelineTask }),
    spec: plain,
    source,
    digest: digestOf(canonicalJson(plain)),
  };
}
