import type { PruneObjects } from '@colophon/server';
import type { Api } from '../../client/api.ts';

type ResourceType = Parameters<PruneObjects['list']>[0];
type KubeObject = Parameters<PruneObjects['delete']>[1];

interface List {
  readonly items?: readonly KubeObject[];
  readonly metadata?: { readonly continue?: string };
}

/** A running server's objects, through its API: what it holds in memory stays right. */
export function apiObjects(api: Api): PruneObjects {
  const root = ({ group, version }: ResourceType) => `/kubernetes/${group === '' ? 'api' : `apis/${group}`}/${version}`;
  return {
    async list(type) {
      const items: KubeObject[] = [];
      for (let token = ''; ;) {
        const query = `limit=500${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`;
        const page = (await api.get(`${root(type)}/${type.resource}?${query}`)) as List;
        // A list's items need not say what they are.
        for (const item of page.items ?? []) items.push({ ...item, kind: type.kind });
        token = page.metadata?.continue ?? '';
        if (token === '') return items;
      }
    },
    async delete(type, { metadata }) {
      const path = `${root(type)}/namespaces/${encodeURIComponent(metadata.namespace ?? '')}/${type.resource}/${encodeURIComponent(metadata.name ?? '')}`;
      const preconditions = metadata.uid === undefined ? {} : { preconditions: { uid: metadata.uid } };
      try {
        await api.send('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', ...preconditions });
      } catch (error) {
        const { status, code } = error as { status?: number; code?: string };
        if (status !== 409 && status !== 404 && code !== 'CLI_NOT_FOUND') throw error;
      }
    },
  };
}
