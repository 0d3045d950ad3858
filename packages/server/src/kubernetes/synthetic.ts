import type { ResourceType } from '@colophon/store';

/** Any namespace exists: these are the ones that something is in. */
export const namespaces: ResourceType = {
  group: '',
  version: 'v1',
  resource: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
  statusSubresource: false,
};

/** A pod for each TaskRun that has started. */
export const pods: ResourceType = {
  group: '',
  version: 'v1',
  resource: 'pods',
  kind: 'Pod',
  namespaced: true,
  statusSubresource: false,
};

export function apiVersionOf({ group, version }: ResourceType): string {
  return group === '' ? version : `${group}/${version}`;
}
