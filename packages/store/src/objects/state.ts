import type { Change, Place } from './change.ts';
import type { KubeObject } from './types.ts';

/** What is committed, in memory: reads never wait for the disk. */
export class State {
  readonly #types = new Map<string, Table>();
  readonly #uids = new Set<string>();
  /** By the owner's uid: the objects that name it in ownerReferences. */
  readonly #dependents = new Map<string, Map<string, Place>>();

  get({ type, namespace, name }: Place): KubeObject | undefined {
    return this.#types.get(type)?.objects.get(`${namespace}/${name}`);
  }

  set(change: Pick<Change, 'place' | 'kind' | 'object'>): void {
    const { place, kind, object } = change;
    const key = `${place.namespace}/${place.name}`;
    let table = this.#types.get(place.type);
    if (table === undefined) this.#types.set(place.type, (table = { objects: new Map(), order: undefined }));
    const previous = table.objects.get(key);
    if (previous !== undefined) this.#forget(place, previous);
    if (kind === 'DELETED') table.objects.delete(key);
    else {
      table.objects.set(key, object);
      this.#remember(place, object);
    }
    if ((previous === undefined) !== (kind === 'DELETED')) table.order = undefined;
  }

  /** Ordered by namespace and name, as etcd orders keys. */
  list(type: string, namespace: string | undefined): KubeObject[] {
    const table = this.#types.get(type);
    if (table === undefined) return [];
    table.order ??= [...table.objects.keys()].sort();
    const wanted = namespace === undefined ? table.order : table.order.filter((key) => key.startsWith(`${namespace}/`));
    return wanted.map((key) => table.objects.get(key) as KubeObject);
  }

  has(uid: string): boolean {
    return this.#uids.has(uid);
  }

  dependents(uid: string): Place[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  #remember(place: Place, { metadata }: KubeObject): void {
    this.#uids.add(metadata.uid as string);
    for (const { uid } of metadata.ownerReferences ?? []) {
      let places = this.#dependents.get(uid);
      if (places === undefined) this.#dependents.set(uid, (places = new Map()));
      places.set(`${place.type}/${place.namespace}/${place.name}`, place);
    }
  }

  #forget(place: Place, { metadata }: KubeObject): void {
    this.#uids.delete(metadata.uid as string);
    for (const { uid } of metadata.ownerReferences ?? []) {
      const places = this.#dependents.get(uid);
      places?.delete(`${place.type}/${place.namespace}/${place.name}`);
      if (places?.size === 0) this.#dependents.delete(uid);
    }
  }
}

interface Table {
  readonly objects: Map<string, KubeObject>;
  /** Sorted keys, made when somebody lists. */
  order: string[] | undefined;
}
