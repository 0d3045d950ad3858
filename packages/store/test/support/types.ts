import type { ResourceType } from '@colophon/store';

export const runs: ResourceType = {
  group: 'tekton.dev',
  version: 'v1',
  resource: 'taskruns',
  kind: 'TaskRun',
  namespaced: true,
  statusSubresource: true,
};
export const maps: ResourceType = {
  group: '',
  version: 'v1',
  resource: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
  statusSubresource: false,
};
