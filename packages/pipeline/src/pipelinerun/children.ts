import type { PipelineTask } from '../model/pipeline.ts';
import type { PipelineRun, TaskRun, TaskRunSpec } from '../model/runs.ts';
import type { TaskSpec } from '../model/task.ts';
import { defaultTaskRun } from '../defaults/defaults.ts';
import { childName } from '../text/child-name.ts';
import type { Replacements } from '../variables/replacements.ts';
import { replaceInTaskSpec } from '../variables/task-spec.ts';
import type { TaskState } from './facts.ts';
import { taskBindings } from './workspaces.ts';

export function childNameOf(run: PipelineRun, task: PipelineTask): string {
  const known = run.status?.childReferences?.find(({ kind, pipelineTaskName }) => kind === 'TaskRun' && pipelineTaskName === task.name);
  return known?.name ?? childName(run.metadata.name, `-${task.name}`);
}

/**
 * The TaskRun of a pipeline task. `task` is the task with every variable put in; `propagated` are results of other tasks for
 * an inline spec that uses them directly.
 */
export function childOf(
  run: PipelineRun,
  pipelineName: string,
  state: TaskState,
  task: PipelineTask,
  propagated: Replacements,
  bindings: Replacements,
): { child: TaskRun } | { missing: string } {
  const bound = taskBindings(run, task, state.resolved.spec, bindings);
  if ('missing' in bound) return bound;
  const override = (run.spec.taskRunSpecs ?? []).find(({ pipelineTaskName }) => pipelineTaskName === task.name);
  const spec: TaskRunSpec = {};
  if ((task.params ?? []).length > 0) spec.params = task.params as NonNullable<typeof task.params>;
  const account = override?.serviceAccountName ?? run.spec.taskRunTemplate?.serviceAccountName;
  if (account !== undefined) spec.serviceAccountName = account;
  if (task.taskRef !== undefined) spec.taskRef = { ...task.taskRef };
  else spec.taskSpec = replaceInTaskSpec(bareSpec(task), propagated);
  if ((task.retries ?? 0) !== 0) spec.retries = task.retries as number;
  const timeout = override?.timeout ?? task.timeout;
  if (timeout !== undefined) spec.timeout = timeout;
  const podTemplate = override?.podTemplate ?? run.spec.taskRunTemplate?.podTemplate;
  if (podTemplate !== undefined) spec.podTemplate = podTemplate;
  if (bound.bindings.length > 0) spec.workspaces = bound.bindings;
  for (const field of ['stepSpecs', 'sidecarSpecs', 'computeResources'] as const) {
    const value = override?.[field];
    if (value !== undefined) Object.assign(spec, { [field]: value });
  }
  if (run.spec.managedBy !== undefined) spec.managedBy = run.spec.managedBy;
  const child: TaskRun = {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name: childNameOf(run, task),
      ...(run.metadata.namespace === undefined ? {} : { namespace: run.metadata.namespace }),
      labels: labelsOf(run, pipelineName, state, task, override?.metadata?.labels),
      annotations: annotationsOf(run, task, override?.metadata?.annotations),
      ownerReferences: [
        {
          apiVersion: 'tekton.dev/v1',
          kind: 'PipelineRun',
          name: run.metadata.name,
          uid: run.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec,
  };
  return { child: defaultTaskRun(structuredClone(child)) };
}

/** An inline spec without what only a pipeline knows: its metadata and a custom task's fields. */
export function bareSpec(task: PipelineTask): TaskSpec {
  const { metadata: _metadata, spec: _spec, apiVersion: _apiVersion, kind: _kind, ...rest } = task.taskSpec ?? {};
  return rest;
}

/** For an inline pipeline, the part of the run's name that is not random. */
export function pipelineLabel(run: PipelineRun, pipelineName: string): string {
  const { generateName } = run.metadata;
  if (run.spec.pipelineSpec === undefined || generateName === undefined || generateName === '') return pipelineName;
  return generateName.replace(/-$/, '');
}

function labelsOf(
  run: PipelineRun,
  pipelineName: string,
  state: TaskState,
  task: PipelineTask,
  override: Record<string, string> | undefined,
) {
  return {
    ...task.taskSpec?.metadata?.labels,
    ...run.metadata.labels,
    'tekton.dev/pipeline': pipelineLabel(run, pipelineName),
    'tekton.dev/pipelineRun': run.metadata.name,
    'tekton.dev/pipelineRunUID': run.metadata.uid ?? '',
    'tekton.dev/pipelineTask': task.name,
    'tekton.dev/memberOf': state.final ? 'finally' : 'tasks',
    ...override,
  };
}

function annotationsOf(run: PipelineRun, task: PipelineTask, override: Record<string, string> | undefined): Record<string, string> {
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...own } = run.metadata.annotations ?? {};
  return {
    ...task.taskSpec?.metadata?.annotations,
    ...own,
    ...(task.onError === undefined ? {} : { 'pipeline.tekton.dev/pipeline-task-on-error': task.onError }),
    ...override,
  };
}
