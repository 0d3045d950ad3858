import type { ResourceType } from '@colophon/store';
import { apiVersionOf, namespaces, pods } from './synthetic.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const shortNames: Readonly<Record<string, readonly string[]>> = {
  'taskruns.tekton.dev': ['tr', 'trs'],
  'pipelineruns.tekton.dev': ['pr', 'prs'],
  'configmaps.': ['cm'],
  'events.': ['ev'],
  'pods.': ['po'],
  'namespaces.': ['ns'],
};

interface Served {
  readonly type: ResourceType;
  readonly verbs: readonly string[];
  readonly subresources: readonly { readonly name: string; readonly kind: string; readonly verbs: readonly string[] }[];
}

const review = (resource: string, kind: string, group: string): Served => ({
  type: { group, version: 'v1', resource, kind, namespaced: false, statusSubresource: false },
  verbs: ['create'],
  subresources: [],
});

export interface Discovery {
  /** `/api` and `/apis`; `aggregated` when the client can read APIGroupDiscoveryList. */
  roots(core: boolean, aggregated: boolean): object;
  /** `/apis/GROUP`. */
  group(name: string): object | undefined;
  /** `/api/v1`, `/apis/GROUP/VERSION`. */
  resources(group: string, version: string): object | undefined;
}

export function createDiscovery(types: readonly ResourceType[]): Discovery {
  const served: Served[] = [
    ...types.map((type) => ({
      type,
      verbs,
      subresources: type.statusSubresource ? [{ name: 'status', kind: type.kind, verbs: ['get', 'patch', 'update'] }] : [],
    })),
    { type: namespaces, verbs: ['create', 'get', 'list', 'watch'], subresources: [] },
    { type: pods, verbs: ['get', 'list', 'watch'], subresources: [{ name: 'log', kind: 'Pod', verbs: ['get'] }] },
    review('selfsubjectaccessreviews', 'SelfSubjectAccessReview', 'authorization.k8s.io'),
    review('selfsubjectreviews', 'SelfSubjectReview', 'authentication.k8s.io'),
  ];
  const groups = [...new Set(served.map(({ type }) => type.group))];
  const versionsOf = (group: string) => [...new Set(served.filter(({ type }) => type.group === group).map(({ type }) => type.version))];
  const within = (group: string, version: string) =>
    served.filter(({ type }) => type.group === group && type.version === version).toSorted(byName);

  const apiGroup = (name: string) => {
    const versions = versionsOf(name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] };
  };

  return {
    roots(core, aggregated) {
      const wanted = groups.filter((group) => (group === '') === core).toSorted();
      if (aggregated) {
        const items = wanted.map((group) => ({
          metadata: { name: group, creationTimestamp: null },
          versions: versionsOf(group).map((version) => ({
            version,
            resources: within(group, version).map(aggregatedResource),
            freshness: 'Current',
          })),
        }));
        return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
      }
      if (core) return { kind: 'APIVersions', versions: versionsOf(''), serverAddressByClientCIDRs: [] };
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: wanted.map(apiGroup) };
    },
    group: (name) => (name !== '' && groups.includes(name) ? { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(name) } : undefined),
    resources(group, version) {
      const list = within(group, version);
      if (list.length === 0) return undefined;
      const groupVersion = apiVersionOf({ group, version } as ResourceType);
      return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: list.flatMap(legacyResources) };
    },
  };
}

function byName(left: Served, right: Served): number {
  return left.type.resource < right.type.resource ? -1 : 1;
}

function aggregatedResource({ type, verbs, subresources }: Served): object {
  const { group, version, kind, resource, namespaced } = type;
  return {
    resource,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.toLowerCase(),
    verbs,
    ...extras(type),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map(({ name, kind, verbs }) => ({ subresource: name, responseKind: { group, version, kind }, verbs })),
        }),
  };
}

function legacyResources({ type, verbs, subresources }: Served): object[] {
  const { kind, resource, namespaced } = type;
  return [
    { name: resource, singularName: kind.toLowerCase(), namespaced, kind, verbs, ...extras(type) },
    ...subresources.map(({ name, kind, verbs }) => ({ name: `${resource}/${name}`, singularName: '', namespaced, kind, verbs })),
  ];
}

function extras({ group, resource }: ResourceType): object {
  const short = shortNames[`${resource}.${group}`];
  return {
    ...(short === undefined ? {} : { shortNames: short }),
    ...(group === 'tekton.dev' ? { categories: ['tekton', 'tekton-pipelines'] } : {}),
  };
}
