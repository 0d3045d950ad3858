import type { KubeObject, ObjectStore, ResourceType } from '@colophon/store';

/** What a request wants to do, for the one who decides. */
export interface AccessWish {
  readonly verb: 'read' | 'write' | 'delete';
  /** Absent: all namespaces, or none. */
  readonly namespace?: string;
}

export interface KubernetesOptions {
  readonly store: ObjectStore;
  /** What is served. Namespaces, and a pod for each TaskRun, are made up from these. */
  readonly types: readonly ResourceType[];
  /**
   * Admission: gives the object with its defaults, or throws an error whose status (400, 404, 422) and message the client sees. Called with the object locked;
   * the client controls the whole object. `old` is what an update replaces.
   */
  readonly admit: (type: ResourceType, object: KubeObject, operation: 'create' | 'update', old?: KubeObject) => KubeObject;
  /** Who asks, or throws an error of status 401 or 403. */
  readonly authorize: (headers: Headers, wish: AccessWish) => { readonly name: string } | undefined;
  /**
   * The log of a step (`step` without the prefix of its container), from its beginning; with `follow`, until the step has ended or `signal` aborts. Undefined
   * when nothing has been written and nothing will be.
   */
  readonly podLogs: (
    taskRun: KubeObject,
    step: string,
    options: { readonly follow: boolean; readonly signal: AbortSignal },
  ) => AsyncIterable<Uint8Array> | undefined;
}
