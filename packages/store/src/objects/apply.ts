import { isDeepStrictEqual } from 'node:util';
import { storeErrors } from '../errors.ts';
import { isObject } from './patch.ts';
import type { KubeObject } from './types.ts';

type Fields = { [field: string]: Fields };

interface Managed {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: Fields;
  readonly subresource?: string;
}

/**
 * Server-side apply (Kubernetes, "Server-Side Apply"). Maps merge by key, lists are atomic. What this manager applied before and does not name now is removed,
 * unless another manager has it too; a value that another manager applied differently is a conflict unless forced.
 */
export function applyPatch(current: KubeObject | undefined, patch: KubeObject, manager: string, force: boolean, now: string): KubeObject {
  const { managedFields: _ignored, ...metadata } = patch.metadata;
  const wanted: Record<string, unknown> = { ...patch, metadata };
  const entries = (current?.metadata.managedFields ?? []) as Managed[];
  const own = entries.find((entry) => entry.manager === manager && entry.operation === 'Apply');
  const others = entries.filter((entry) => entry !== own);
  const fields = fieldsOf(wanted, true);
  if (current !== undefined && !force) {
    for (const other of others.filter(({ operation }) => operation === 'Apply')) refuseConflicts(other, fields, current, wanted, '');
  }
  const merged: KubeObject = merge(current ?? {}, wanted);
  if (own !== undefined)
    prune(
      merged,
      own.fieldsV1,
      fields,
      others.map(({ fieldsV1 }) => fieldsV1),
    );
  const entry: Managed = { manager, operation: 'Apply', apiVersion: patch.apiVersion, time: now, fieldsType: 'FieldsV1', fieldsV1: fields };
  merged.metadata = { ...merged.metadata, managedFields: [...others, entry] };
  return merged;
}

/** Which fields a value names, in FieldsV1 form; identity is nobody's. */
function fieldsOf(value: unknown, root = false): Fields {
  if (!isObject(value)) return {};
  const fields: Fields = {};
  for (const [key, member] of Object.entries(value)) {
    if (root && (key === 'apiVersion' || key === 'kind')) continue;
    const inner = fieldsOf(member);
    if (root && key === 'metadata') for (const identity of ['name', 'namespace', 'uid', 'resourceVersion']) delete inner[`f:${identity}`];
    fields[`f:${key}`] = inner;
  }
  return fields;
}

function merge(target: unknown, patch: unknown): any {
  if (!isObject(target) || !isObject(patch)) return patch;
  const result: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) if (key !== '__proto__') result[key] = merge(result[key], value);
  return result;
}

function refuseConflicts(other: Managed, fields: Fields, current: unknown, wanted: unknown, path: string): void {
  const theirs = path === '' ? other.fieldsV1 : undefined;
  walk(theirs ?? {}, fields, current, wanted, '');

  function walk(owned: Fields, mine: Fields, before: unknown, after: unknown, at: string): void {
    for (const [field, inner] of Object.entries(owned)) {
      const own = mine[field];
      if (own === undefined) continue;
      const key = field.slice(2);
      const left = isObject(before) ? before[key] : undefined;
      const right = isObject(after) ? after[key] : undefined;
      if (isObject(left) && isObject(right)) walk(inner, own, left, right, `${at}.${key}`);
      else if (!isDeepStrictEqual(left, right)) {
        throw storeErrors.error('STORE_CONFLICT', `Apply failed with 1 conflict: conflict with "${other.manager}": ${at}.${key}`);
      }
    }
  }
}

function prune(value: unknown, before: Fields, now: Fields, others: readonly Fields[]): void {
  if (!isObject(value)) return;
  for (const [field, inner] of Object.entries(before)) {
    const key = field.slice(2);
    const theirs = others.map((fields) => fields[field]).filter((fields) => fields !== undefined);
    const mine = now[field];
    if (mine === undefined && theirs.length === 0) delete value[key];
    else if (isObject(value[key])) {
      const copy = { ...value[key] };
      value[key] = copy;
      prune(copy, inner, mine ?? {}, theirs);
    }
  }
}
