import type { ResourceType } from '@colophon/store';

const type = (group: string, resource: string, kind: string, statusSubresource: boolean): ResourceType => ({
  group,
  version: 'v1',
  resource,
  kind,
  namespaced: true,
  statusSubresource,
});

/** The kinds of objects that the controller reads and writes (docs/architecture.md, "Resources in the store"). */
export const taskType = type('tekton.dev', 'tasks', 'Task', false);
export const pipelineType = type('tekton.dev', 'pipelines', 'Pipeline', false);
export const taskRunType = type('tekton.dev', 'taskruns', 'TaskRun', true);
export const pipelineRunType = type('tekton.dev', 'pipelineruns', 'PipelineRun', true);
export const configMapType = type('', 'configmaps', 'ConfigMap', false);
export const secretType = type('', 'secrets', 'Secret', false);
export const buildType = type('colophon.dev', 'builds', 'Build', true);

/** Runs of another controller are left alone (Tekton: `spec.managedBy`). */
export const managers = new Set([undefined, '', 'tekton.dev/pipeline', 'colophon.dev/runner']);

export const annotations = {
  network: 'colophon.dev/network',
  push: 'colophon.dev/push',
  replayable: 'colophon.dev/replayable',
} as const;

/** Labels of a Build: which kind of run it is of, and whose child that run was. */
export const buildLabels = { kind: 'colophon.dev/run-kind', parent: 'colophon.dev/parent-uid' } as const;
