import { isDeepStrictEqual } from 'node:util';
import { storeErrors } from '../../errors.ts';
import { isObject } from '../patch.ts';
import type { KubeObject } from '../types.ts';
import { entriesOf, entry, sameWriter, withEntries, type Managed, type Writer } from './entries.ts';
import { fieldsOfObject, isEmpty, subtract, type Fields } from './fields.ts';

/**
 * Server-side apply (Kubernetes, "Server-Side Apply"). Maps merge by key, lists are atomic. What this manager applied before and does not name now is
 * removed unless another manager has it too. A field that another manager holds with another value is a conflict; `force` takes it.
 */
export function applyPatch(current: KubeObject | undefined, patch: KubeObject, writer: Writer, force: boolean): KubeObject {
  const { managedFields: _ignored, ...metadata } = patch.metadata ?? {};
  const wanted: KubeObject = { ...patch, metadata };
  const entries = entriesOf(current);
  const own = entries.find((other) => sameWriter(other, 'Apply', writer));
  const fields = fieldsOfObject(wanted);
  const conflicts = entries.flatMap((other) => (other === own ? [] : conflictsWith(other, fields, current, wanted)));
  const refused = force ? [] : conflicts.filter(({ keys }) => !isOwnOfKubectl(writer, current, keys));
  if (refused.length > 0) throw refusal(refused);
  // The same fields again are the same entry: an apply that changes nothing writes nothing.
  const mine = own !== undefined && isDeepStrictEqual(own.fieldsV1, fields) ? own : entry('Apply', patch.apiVersion, writer, fields);
  const others = entries.map((other) => (other === own ? mine : without(other, conflicts))).filter(({ fieldsV1 }) => !isEmpty(fieldsV1));
  const merged: Record<string, unknown> = merge(current ?? {}, wanted);
  const taken = others.filter((other) => other !== mine);
  remove(
    merged,
    taken.reduce((left, { fieldsV1 }) => subtract(left, fieldsV1), absent(own?.fieldsV1 ?? {}, wanted)),
  );
  merged['metadata'] ??= {};
  return withEntries(merged as KubeObject, others.includes(mine) ? others : [...others, mine]);
}

/**
 * kubectl may take over what it set itself by client-side apply: what its annotation records and nobody has changed since. (So does the real API server;
 * without it nobody could move to server-side apply.)
 */
function isOwnOfKubectl({ manager }: Writer, current: KubeObject | undefined, keys: readonly string[]): boolean {
  const recorded = current?.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
  if (manager !== 'kubectl' || recorded === undefined) return false;
  const at = (value: unknown) => keys.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
  try {
    return isDeepStrictEqual(at(JSON.parse(recorded)), at(current));
  } catch {
    return false;
  }
}

function without(other: Managed, conflicts: readonly Conflict[]): Managed {
  return conflicts
    .filter((conflict) => conflict.with === other)
    .reduce((left, { taken }) => ({ ...left, fieldsV1: subtract(left.fieldsV1, taken) }), other);
}

interface Conflict {
  readonly with: Managed;
  readonly keys: readonly string[];
  readonly path: string;
  readonly taken: Fields;
}

function conflictsWith(other: Managed, fields: Fields, current: unknown, wanted: unknown): Conflict[] {
  const found: Conflict[] = [];
  const walk = (owned: Fields, mine: Fields, before: unknown, after: unknown, path: readonly string[]): void => {
    for (const [field, inner] of Object.entries(owned)) {
      const own = mine[field];
      if (own === undefined) continue;
      const key = field.slice(2);
      const left = isObject(before) ? before[key] : undefined;
      const right = isObject(after) ? after[key] : undefined;
      const at = [...path, key];
      if (isObject(left) && isObject(right)) walk(inner, own, left, right, at);
      else if (!isDeepStrictEqual(left, right)) {
        const taken = at.reduceRight<Fields>((below, part) => ({ [`f:${part}`]: below }), {});
        found.push({ with: other, keys: at, path: `.${at.join('.')}`, taken });
      }
    }
  };
  walk(other.fieldsV1, fields, current, wanted, []);
  return found;
}

function refusal(conflicts: readonly Conflict[]): Error {
  const one = conflicts.length === 1;
  const named = conflicts.map(({ with: { manager, apiVersion }, path }) => ({ who: `"${manager}" using ${apiVersion}`, path }));
  const lists = [...new Set(named.map(({ who }) => who))].map((who) => {
    const paths = named.filter((conflict) => conflict.who === who).map(({ path }) => path);
    return one ? `conflict with ${who}: ${paths[0]}` : `conflicts with ${who}:\n${paths.map((path) => `- ${path}`).join('\n')}`;
  });
  return storeErrors.error('STORE_CONFLICT', `Apply failed with ${conflicts.length} conflict${one ? '' : 's'}: ${lists.join('\n')}`, {
    details: { causes: named.map(({ who, path }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field: path })) },
  });
}

function merge(target: unknown, patch: unknown): any {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__') throw storeErrors.error('STORE_INVALID', '__proto__ is not a key');
    result[key] = merge(result[key], value);
  }
  return result;
}

/** Of `fields`, those that a value does not have. */
function absent(fields: Fields, value: unknown): Fields {
  const left: Fields = {};
  for (const [field, inner] of Object.entries(fields)) {
    const key = field.slice(2);
    if (!isObject(value) || !Object.hasOwn(value, key)) left[field] = inner;
    else if (!isEmpty(inner)) {
      const below = absent(inner, value[key]);
      if (!isEmpty(below)) left[field] = below;
    }
  }
  return left;
}

/** Takes fields out; a map that is empty afterwards goes too. Copies what it changes. */
function remove(value: Record<string, unknown>, fields: Fields): void {
  for (const [field, inner] of Object.entries(fields)) {
    const key = field.slice(2);
    const member = value[key];
    if (isEmpty(inner) || !isObject(member)) delete value[key];
    else {
      const copy = { ...member };
      remove(copy, inner);
      if (Object.keys(copy).length === 0) delete value[key];
      else value[key] = copy;
    }
  }
}
