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
  let others = entries.filter((other) => other !== own);
  const conflicts = others.flatMap((other) => conflictsWith(other, fields, current, wanted));
  if (conflicts.length > 0 && !force) throw refusal(conflicts);
  for (const { manager, taken } of conflicts) {
    others = others
      .map((other) => (other.manager === manager ? { ...other, fieldsV1: subtract(other.fieldsV1, taken) } : other))
      .filter(({ fieldsV1 }) => !isEmpty(fieldsV1));
  }
  const merged: Record<string, unknown> = merge(current ?? {}, wanted);
  const dropped = others.reduce((left, { fieldsV1 }) => subtract(left, fieldsV1), subtract(own?.fieldsV1 ?? {}, fields));
  remove(merged, dropped);
  merged['metadata'] ??= {};
  return withEntries(merged as KubeObject, [...others, entry('Apply', patch.apiVersion, writer, fields)]);
}

interface Conflict {
  readonly manager: string;
  readonly apiVersion: string;
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
      if (isObject(left) && isObject(right) && !isEmpty(inner) && !isEmpty(own)) walk(inner, own, left, right, at);
      else if (!isDeepStrictEqual(left, right)) {
        const taken = at.reduceRight<Fields>((below, part) => ({ [`f:${part}`]: below }), {});
        found.push({ manager: other.manager, apiVersion: other.apiVersion, path: `.${at.join('.')}`, taken });
      }
    }
  };
  walk(other.fieldsV1, fields, current, wanted, []);
  return found;
}

function refusal(conflicts: readonly Conflict[]): Error {
  const one = conflicts.length === 1;
  const managers = [...new Set(conflicts.map(({ manager, apiVersion }) => `"${manager}" using ${apiVersion}`))];
  const lists = managers.map((manager) => {
    const paths = conflicts.filter((conflict) => `"${conflict.manager}" using ${conflict.apiVersion}` === manager).map(({ path }) => path);
    return one ? `conflict with ${manager}: ${paths[0]}` : `conflicts with ${manager}:\n${paths.map((path) => `- ${path}`).join('\n')}`;
  });
  return storeErrors.error('STORE_CONFLICT', `Apply failed with ${conflicts.length} conflict${one ? '' : 's'}: ${lists.join('\n')}`, {
    details: {
      causes: conflicts.map(({ manager, apiVersion, path }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with "${manager}" using ${apiVersion}`,
        field: path,
      })),
    },
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
