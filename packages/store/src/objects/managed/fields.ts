import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../patch.ts';
import type { KubeObject } from '../types.ts';

/** A set of fields in FieldsV1 form: `{ "f:spec": { "f:params": {} } }`; an empty object is a leaf. Lists are leaves: atomic. */
export interface Fields {
  [field: string]: Fields;
}

const identity = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
]);

/** The fields that an object names, without its identity, which is nobody's. */
export function fieldsOfObject(object: KubeObject): Fields {
  return fieldsOf(withoutIdentity(object));
}

/** The fields of `after` that are new or different from `before`. */
export function changedFields(before: KubeObject, after: KubeObject): Fields {
  return changed(withoutIdentity(before), withoutIdentity(after));
}

/** The fields that `before` has and `after` has not. */
export function removedFields(before: KubeObject, after: KubeObject): Fields {
  return subtract(fieldsOfObject(before), fieldsOfObject(after));
}

export function isEmpty(fields: Fields): boolean {
  return Object.keys(fields).length === 0;
}

/** `from` without the fields that `taken` names; a leaf takes all that is below it. */
export function subtract(from: Fields, taken: Fields): Fields {
  const rest: Fields = {};
  for (const [field, inner] of Object.entries(from)) {
    const other = taken[field];
    if (other === undefined) rest[field] = inner;
    else if (!isEmpty(inner) && !isEmpty(other)) {
      const below = subtract(inner, other);
      if (!isEmpty(below)) rest[field] = below;
    }
  }
  return rest;
}

export function union(left: Fields, right: Fields): Fields {
  const both: Fields = { ...left };
  for (const [field, inner] of Object.entries(right)) both[field] = both[field] === undefined ? inner : union(both[field], inner);
  return both;
}

function withoutIdentity({ apiVersion: _apiVersion, kind: _kind, metadata, ...rest }: KubeObject): Record<string, unknown> {
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !identity.has(key))) };
}

function fieldsOf(value: unknown): Fields {
  if (!isObject(value)) return {};
  const entries = Object.entries(value).filter(([key]) => key !== 'metadata' || !isEmptyObject(value[key]));
  return Object.fromEntries(entries.map(([key, member]) => [`f:${key}`, fieldsOf(member)]));
}

function changed(before: unknown, after: unknown): Fields {
  const fields: Fields = {};
  if (!isObject(after)) return fields;
  for (const [key, member] of Object.entries(after)) {
    const old = isObject(before) ? before[key] : undefined;
    if (isObject(old) && isObject(member) && !isEmptyObject(old) && !isEmptyObject(member)) {
      const below = changed(old, member);
      if (!isEmpty(below)) fields[`f:${key}`] = below;
    } else if (!isDeepStrictEqual(old, member) && !(key === 'metadata' && isEmptyObject(member))) fields[`f:${key}`] = fieldsOf(member);
  }
  return fields;
}

function isEmptyObject(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}
