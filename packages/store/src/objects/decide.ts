import { isDeepStrictEqual } from 'node:util';
import { storeErrors } from '../errors.ts';
import { label } from './identity.ts';
import type { KubeObject, ResourceType } from './types.ts';

/** What a write makes of an object. `object` identical to the current one: nothing to write. */
export interface Decision {
  readonly kind: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** Unchanged objects are not written again; the generation counts changes of anything but metadata and status. */
export function settle(current: KubeObject, next: KubeObject): Decision {
  // Through JSON: a member that is undefined is not there.
  const plain = JSON.parse(JSON.stringify(next)) as KubeObject;
  if (isDeepStrictEqual(plain, current)) return { kind: 'MODIFIED', object: current };
  const content = ({ metadata: _metadata, status: _status, ...rest }: KubeObject) => rest;
  const changed = !isDeepStrictEqual(content(plain), content(current));
  const generation = (current.metadata.generation ?? 1) + (changed ? 1 : 0);
  const leaving = plain.metadata.deletionTimestamp !== undefined && (plain.metadata.finalizers ?? []).length === 0;
  return { kind: leaving ? 'DELETED' : 'MODIFIED', object: { ...plain, metadata: { ...plain.metadata, generation } } };
}

/** What a writer cannot change is as it was. */
export function withIdentity(current: KubeObject, next: KubeObject): KubeObject {
  const { uid, creationTimestamp, name, namespace, resourceVersion, generation, deletionTimestamp } = current.metadata;
  const kept = { uid, creationTimestamp, name, namespace, resourceVersion, generation, deletionTimestamp };
  const metadata = JSON.parse(JSON.stringify({ ...next.metadata, ...kept })) as KubeObject['metadata'];
  return { ...next, apiVersion: current.apiVersion, kind: current.kind, metadata };
}

export function withStatus(object: KubeObject, status: unknown): KubeObject {
  const { status: _old, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

export function present(type: ResourceType, name: string, current: KubeObject | undefined): KubeObject {
  if (current === undefined) throw storeErrors.error('STORE_NOT_FOUND', `${label(type, name)} not found`);
  return current;
}

/** Throws STORE_CONFLICT unless the caller means the object as it is. */
export function expect(type: ResourceType, current: KubeObject, wanted: { uid?: unknown; resourceVersion?: unknown }): void {
  const name = label(type, current.metadata.name as string);
  if (wanted.uid !== undefined && wanted.uid !== current.metadata.uid) {
    throw storeErrors.error(
      'STORE_CONFLICT',
      `Operation cannot be fulfilled on ${name}: Precondition failed: UID in precondition: ${JSON.stringify(wanted.uid)}, UID in object meta: ${current.metadata.uid}`,
    );
  }
  if (
    wanted.resourceVersion !== undefined &&
    wanted.resourceVersion !== '' &&
    wanted.resourceVersion !== current.metadata.resourceVersion
  ) {
    throw storeErrors.error(
      'STORE_CONFLICT',
      `Operation cannot be fulfilled on ${name}: the object has been modified; please apply your changes to the latest version and try again`,
    );
  }
}
