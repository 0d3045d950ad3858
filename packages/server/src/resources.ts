import type { ResourceType } from '@colophon/store';

const tekton = (resource: string, kind: string, statusSubresource: boolean): ResourceType => ({
  group: 'tekton.dev',
  version: 'v1',
  resource,
  kind,
  namespaced: true,
  statusSubresource,
});
const core = (resource: string, kind: string): ResourceType => ({
  group: '',
  version: 'v1',
  resource,
  kind,
  namespaced: true,
  statusSubresource: false,
});
const own = (resource: string, kind: string, statusSubresource = false): ResourceType => ({
  group: 'colophon.dev',
  version: 'v1',
  resource,
  kind,
  namespaced: true,
  statusSubresource,
});

/** Every kind of object that the server keeps. */
export const resources = {
  tasks: tekton('tasks', 'Task', false),
  pipelines: tekton('pipelines', 'Pipeline', false),
  taskruns: tekton('taskruns', 'TaskRun', true),
  pipelineruns: tekton('pipelineruns', 'PipelineRun', true),
  configmaps: core('configmaps', 'ConfigMap'),
  secrets: core('secrets', 'Secret'),
  events: core('events', 'Event'),
  /** What a finished run used and made; the attestor works through them. */
  builds: own('builds', 'Build', true),
  /** Repositories whose push webhooks may start runs. */
  repositories: own('repositories', 'Repository'),
  /** Webhook deliveries that were received, by id. */
  deliveries: own('deliveries', 'Delivery'),
} as const satisfies Record<string, ResourceType>;
