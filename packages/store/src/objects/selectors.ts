import { storeErrors } from '../errors.ts';
import type { KubeObject, ResourceType } from './types.ts';

export type Matcher = (object: KubeObject) => boolean;

/**
 * Fields that a selector may name beside the object's name and namespace. None of them changes during the life of an object (a pod's phase does,
 * but pods are not stored).
 */
const selectable: Readonly<Record<string, readonly string[]>> = {
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  secrets: ['type'],
  pods: ['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
};

/** Label and field selectors together (Kubernetes, "Labels and Selectors", "Field Selectors"). Throws STORE_INVALID. */
export function compileSelectors(
  type: ResourceType,
  options: { labelSelector?: string | undefined; fieldSelector?: string | undefined },
): Matcher {
  const label = compileLabels(options.labelSelector ?? '');
  const field = compileFields(options.fieldSelector ?? '', [
    'metadata.name',
    'metadata.namespace',
    ...(type.group === '' ? (selectable[type.resource] ?? []) : []),
  ]);
  return (object) => label(object.metadata.labels ?? {}) && field(object);
}

function compileLabels(selector: string): (labels: Readonly<Record<string, string>>) => boolean {
  const tests = split(selector).map((requirement) => {
    const set = /^([A-Za-z0-9][-A-Za-z0-9_./]*)\s+(in|notin)\s*\(([^()]*)\)$/.exec(requirement);
    if (set !== null) {
      const [, key, operator, list] = set as unknown as [string, string, string, string];
      const values = new Set(list.split(',').map((value) => value.trim()));
      return (labels: Readonly<Record<string, string>>) =>
        operator === 'in' ? labels[key] !== undefined && values.has(labels[key]) : labels[key] === undefined || !values.has(labels[key]);
    }
    const equal = /^([A-Za-z0-9][-A-Za-z0-9_./]*)\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)$/.exec(requirement);
    if (equal !== null) {
      const [, key, operator, value] = equal as unknown as [string, string, string, string];
      return (labels: Readonly<Record<string, string>>) => (operator === '!=' ? labels[key] !== value : labels[key] === value);
    }
    const exists = /^(!?)\s*([A-Za-z0-9][-A-Za-z0-9_./]*)$/.exec(requirement);
    if (exists === null) throw storeErrors.error('STORE_INVALID', `not a label selector: ${JSON.stringify(requirement.slice(0, 200))}`);
    const [, not, key] = exists as unknown as [string, string, string];
    return (labels: Readonly<Record<string, string>>) => Object.hasOwn(labels, key) === (not === '');
  });
  return (labels) => tests.every((test) => test(labels));
}

/** Splits at commas that stand outside parentheses. */
function split(selector: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= selector.length; at += 1) {
    const character = selector[at];
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (at === selector.length || (character === ',' && depth === 0)) {
      parts.push(selector.slice(start, at).trim());
      start = at + 1;
    }
  }
  return parts.filter((part) => part !== '');
}

function compileFields(selector: string, known: readonly string[]): Matcher {
  const tests = split(selector).map((requirement): Matcher => {
    const match = /^([A-Za-z][A-Za-z0-9.]*)\s*(==|=|!=)\s*(.*)$/.exec(requirement);
    if (match === null) throw storeErrors.error('STORE_INVALID', `not a field selector: ${JSON.stringify(requirement.slice(0, 200))}`);
    const [, path, operator, value] = match as unknown as [string, string, string, string];
    if (!known.includes(path)) throw storeErrors.error('STORE_INVALID', `field label not supported: ${path}`);
    return (object) => (fieldOf(object, path) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

function fieldOf(object: unknown, path: string): string {
  let value: unknown = object;
  for (const part of path.split('.'))
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
