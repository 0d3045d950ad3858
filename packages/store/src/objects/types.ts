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

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
}

export interface ListResult {
  readonly items: KubeObject[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

export interface WatchOptions {
  /** From the list before; absent: what is there now comes first, as ADDED. */
  readonly resourceVersion?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
  readonly bookmarks?: boolean;
}

export type PatchType = 'json' | 'merge' | 'apply';

export interface PatchOptions {
  readonly subresource?: 'status';
  readonly fieldManager?: string;
  readonly force?: boolean;
}

/**
 * Kubernetes-shaped objects. resourceVersions are given in commit order, one sequence for all kinds: a watch that begins at a list's
 * resourceVersion sees every later change once, in order. What a write has resolved is on disk. Objects that come out are frozen copies: change a copy of
 * them and write it back. `update` and `updateStatus` with a resourceVersion fail with STORE_CONFLICT if the object has another one.
 */
export interface ObjectStore {
  create(type: ResourceType, object: KubeObject): Promise<KubeObject>;
  get(type: ResourceType, namespace: string | undefined, name: string): Promise<KubeObject | undefined>;
  list(type: ResourceType, namespace?: string, options?: ListOptions): Promise<ListResult>;
  update(type: ResourceType, object: KubeObject): Promise<KubeObject>;
  updateStatus(type: ResourceType, object: KubeObject): Promise<KubeObject>;
  /** RFC 6902 (`json`), RFC 7386 (`merge`) or server-side apply; retried inside when somebody else writes meanwhile. */
  patch(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    patchType: PatchType,
    options?: PatchOptions,
  ): Promise<KubeObject>;
  /** With finalizers: sets deletionTimestamp, and the object goes when the last finalizer does. */
  delete(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    options?: { preconditions?: { uid?: string; resourceVersion?: string } },
  ): Promise<KubeObject>;
  /** Ends when `signal` aborts. STORE_GONE when the resourceVersion was compacted away. */
  watch(type: ResourceType, namespace: string | undefined, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** Forgets changes but the last so many. Objects stay. */
  compact(keep: { versions?: number }): Promise<void>;
  close(): Promise<void>;
}
