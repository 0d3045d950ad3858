import { compileSelectors, type KubeObject, type ListResult, type ObjectStore, type ResourceType, type WatchEvent } from '@colophon/store';
import { podOf } from './pod.ts';
import { namespaces, pods } from './synthetic.ts';

export interface Query {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Reading one kind of object, stored or made up. */
export interface Source {
  get(namespace: string | undefined, name: string): Promise<KubeObject | undefined>;
  list(namespace: string | undefined, query: Query & { limit?: number; continue?: string }): Promise<ListResult>;
  watch(
    namespace: string | undefined,
    query: Query & { resourceVersion?: string; bookmarks: boolean; signal: AbortSignal },
  ): AsyncIterable<WatchEvent>;
}

export function sourceOf(type: ResourceType, store: ObjectStore, types: readonly ResourceType[]): Source {
  if (type === pods) return podSource(store, types);
  if (type === namespaces) return namespaceSource(store, types);
  return {
    get: (namespace, name) => store.get(type, namespace, name),
    list: (namespace, query) => store.list(type, namespace, query),
    watch: (namespace, query) => store.watch(type, namespace, query),
  };
}

function podSource(store: ObjectStore, types: readonly ResourceType[]): Source {
  const taskRuns = types.find(({ group, resource }) => group === 'tekton.dev' && resource === 'taskruns');
  const podsIn = async (namespace: string | undefined, query: Query) => {
    const matches = compileSelectors(pods, query);
    const { items, resourceVersion } = taskRuns === undefined ? { items: [], resourceVersion: '0' } : await store.list(taskRuns, namespace);
    return { items: items.map(podOf).filter((pod): pod is KubeObject => pod !== undefined && matches(pod)), resourceVersion };
  };
  return {
    async get(namespace, name) {
      const direct = taskRuns === undefined ? undefined : await store.get(taskRuns, namespace, name.replace(/-pod$/, ''));
      const pod = direct === undefined ? undefined : podOf(direct);
      if (pod?.metadata.name === name) return pod;
      return (await podsIn(namespace, {})).items.find(({ metadata }) => metadata.name === name);
    },
    list: podsIn,
    async *watch(namespace, query) {
      if (taskRuns === undefined) return;
      const matches = compileSelectors(pods, query);
      const { resourceVersion, bookmarks, signal } = query;
      const known = new Set<string>();
      // Which pods the watcher knows already is what matched at its list; the store's changes say the rest.
      if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0')
        for (const { metadata } of (await podsIn(namespace, query)).items) known.add(metadata.uid ?? '');
      const options = { ...(resourceVersion === undefined ? {} : { resourceVersion }), bookmarks, signal };
      for await (const { type, object } of store.watch(taskRuns, namespace, options)) {
        if (type === 'BOOKMARK') {
          yield { type, object: { ...object, apiVersion: 'v1', kind: 'Pod' } };
          continue;
        }
        const pod = podOf(object);
        if (pod === undefined) continue;
        const uid = pod.metadata.uid ?? '';
        const matched = type !== 'DELETED' && matches(pod);
        const before = known.has(uid);
        if (matched) known.add(uid);
        else known.delete(uid);
        if (matched) yield { type: before ? 'MODIFIED' : 'ADDED', object: pod };
        else if (before || (type === 'DELETED' && matches(pod))) yield { type: 'DELETED', object: pod };
      }
    },
  };
}

function namespaceSource(store: ObjectStore, types: readonly ResourceType[]): Source {
  const make = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, uid: '', resourceVersion: '1', labels: { 'kubernetes.io/metadata.name': name } },
    spec: {},
    status: { phase: 'Active' },
  });
  const all = async (query: Query): Promise<ListResult> => {
    const names = new Set(['default']);
    let resourceVersion = '0';
    for (const type of types.filter(({ namespaced }) => namespaced)) {
      const list = await store.list(type);
      for (const { metadata } of list.items) names.add(metadata.namespace ?? 'default');
      resourceVersion = list.resourceVersion;
    }
    const matches = compileSelectors(namespaces, query);
    return { items: [...names].sort().map(make).filter(matches), resourceVersion };
  };
  return {
    get: async (_namespace, name) => (/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name) ? make(name) : undefined),
    list: (_namespace, query) => all(query),
    async *watch(_namespace, query) {
      for (const object of (await all(query)).items) yield { type: 'ADDED', object };
      if (query.signal.aborted) return;
      await new Promise<void>((resolve) => query.signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
}
