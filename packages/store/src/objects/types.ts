/** ObjectMeta of the Kubernetes API, as far as we keep it. */
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: unknown[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Anything that the store keeps. `spec` and `status` belong to the kind's own room. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: any;
  status?: any;
  [other: string]: unknown;
}

export interface ResourceType {
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths: `taskruns`. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** True: `status` is written by `updateStatus` only, and `update` leaves it alone. */
  readonly statusSubresource: boolean;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

export interface WriteOptions {
  /** Who writes, for metadata.managedFields; absent: the write is not recorded there. */
  readonly fieldManager?: string;
  /**
   * Has the last word on what is written: gives the object to write, or throws. Called with the object locked, so that `current` is what is
   * replaced. Identity, status and managedFields stay as the write made them, whatever it gives.
   */
  readonly admit?: (next: KubeObject, current: KubeObject | undefined) => KubeObject;
  /** Everything but the write: gives what would have been written. */
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  readonly preconditions?: { uid?: string; resourceVersion?: string };
  /** What becomes of the objects that name this one as their owner: deleted with it (the default), or left. */
  readonly dependents?: 'delete' | 'orphan';
  readonly dryRun?: boolean;
}

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  /** From the page before: pages after the first show the present, at the first page's resourceVersion, so a watch from there misses nothing. */
  readonly continue?: string;
}

export interface ListResult {
  readonly items: KubeObject[];
  readonly resourceVersion: string;
  readonly continue?: string;
  /** Objects after this page. */
  readonly remaining?: number;
}

export interface WatchOptions {
  /** From the list before; absent: what is there now comes first, as ADDED. */
  readonly resourceVersion?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
  /** A BOOKMARK at the beginning of the live part, and then for each minute without an event. */
  readonly bookmarks?: boolean;
}

export type PatchType = 'json' | 'merge' | 'apply';

export interface PatchOptions extends WriteOptions {
  readonly subresource?: 'status';
  /** Apply only: take fields from other managers. */
  readonly force?: boolean;
}

/**
 * Kubernetes-shaped objects. resourceVersions are given in commit order, one sequence for all kinds: a watch that begins at a list's
 * resourceVersion sees every later change once, in order. What a write has resolved is on disk. Objects that come out are frozen: change a copy
 * and write it back. One writer at a time for each object; writers of different objects share one fsync.
 *
 * STORE_INVALID for names, metadata and selectors that Kubernetes would refuse and for objects over 1.5 MiB; STORE_DISK_FULL changes nothing.
 */
export interface ObjectStore {
  /** Gives uid, creationTimestamp, generation, resourceVersion, and a name for generateName. STORE_ALREADY_EXISTS. */
  create(type: ResourceType, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  get(type: ResourceType, namespace: string | undefined, name: string): Promise<KubeObject | undefined>;
  list(type: ResourceType, namespace?: string, options?: ListOptions): Promise<ListResult>;
  /** Leaves `status` alone where the type has the subresource. With a resourceVersion or uid that is not the object's: STORE_CONFLICT. */
  update(type: ResourceType, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** Writes `status` only. Conflicts as `update` does. */
  updateStatus(type: ResourceType, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /**
   * RFC 6902 (`json`), RFC 7386 (`merge`) or server-side `apply`, which makes the object if there is none. Never conflicts with a concurrent
   * writer unless the patch itself names a resourceVersion. Apply: STORE_CONFLICT names the fields that others manage.
   */
  patch(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    patchType: PatchType,
    options?: PatchOptions,
  ): Promise<KubeObject>;
  /**
   * With finalizers: sets deletionTimestamp, and the object goes when the last finalizer does. Objects whose only owner it was follow, also
   * after a crash. Gives the object's last state.
   */
  delete(type: ResourceType, namespace: string | undefined, name: string, options?: DeleteOptions): Promise<KubeObject>;
  /** Ends when `signal` aborts. STORE_GONE when the resourceVersion was compacted away, or is one that this store never gave: list again. */
  watch(type: ResourceType, namespace: string | undefined, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** Forgets changes but the last so many (default 20000); also done in the course of writing. Objects stay. */
  compact(keep?: { versions?: number }): Promise<void>;
  close(): Promise<void>;
}
