import type { KubeObject } from '../types.ts';
import { changedFields, isEmpty, removedFields, subtract, union, type Fields } from './fields.ts';

/** ManagedFieldsEntry of the Kubernetes API: who set which fields. */
export interface Managed {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: Fields;
  readonly subresource?: string;
}

export interface Writer {
  readonly manager: string;
  readonly now: string;
  readonly subresource?: string | undefined;
}

export function entriesOf(object: KubeObject | undefined): readonly Managed[] {
  return (object?.metadata.managedFields ?? []) as Managed[];
}

/** The same object with other entries; the member goes when there are none. */
export function withEntries(object: KubeObject, entries: readonly Managed[]): KubeObject {
  const { managedFields: _old, ...metadata } = object.metadata;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: [...entries] } };
}

export function entry(operation: Managed['operation'], apiVersion: string, writer: Writer, fields: Fields): Managed {
  const { manager, now: time, subresource } = writer;
  return {
    manager,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

export function sameWriter(entry: Managed, operation: Managed['operation'], writer: Writer): boolean {
  return entry.operation === operation && entry.manager === writer.manager && entry.subresource === writer.subresource;
}

/**
 * Records an ordinary write: what it changed is now its manager's and nobody else's, what it removed is nobody's. A writer that hands in other entries
 * than it read (kubectl does, to move from client-side to server-side apply) has edited them, and these count.
 */
export function trackUpdate(before: KubeObject | undefined, after: KubeObject, writer: Writer): KubeObject {
  const empty: KubeObject = { apiVersion: after.apiVersion, kind: after.kind, metadata: {} };
  const changed = changedFields(before ?? empty, after);
  const gone = union(changed, before === undefined ? {} : removedFields(before, after));
  const known = entriesOf(after.metadata.managedFields === undefined ? before : after);
  if (isEmpty(gone)) return withEntries(after, known);
  const own = known.find((other) => sameWriter(other, 'Update', writer));
  const others = known
    .filter((other) => other !== own)
    .map((other) => ({ ...other, fieldsV1: subtract(other.fieldsV1, gone) }))
    .filter(({ fieldsV1 }) => !isEmpty(fieldsV1));
  const fields = union(subtract(own?.fieldsV1 ?? {}, gone), changed);
  return withEntries(after, isEmpty(fields) ? others : [...others, entry('Update', after.apiVersion, writer, fields)]);
}
