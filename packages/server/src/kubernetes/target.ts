import type { ResourceType } from '@colophon/store';
import { Refusal } from './status.ts';
import { namespaces, pods } from './synthetic.ts';

/** What a path names. */
export interface Target {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/**
 * `/api/v1/…`, `/apis/GROUP/VERSION/…`, whatever stands before: `[namespaces/NAMESPACE/]RESOURCE[/NAME[/SUBRESOURCE]]`. The attacker controls every
 * segment; each is decoded once and only ever compared or looked up.
 */
export function parseTarget(path: string, types: readonly ResourceType[]): Target {
  const segments = segmentsOf(path);
  const [root, ...rest] = segments;
  const [group, version, ...tail] = root === 'api' ? ['', ...rest] : rest;
  let [resource, name, subresource, ...extra] = tail;
  let namespace: string | undefined;
  if (resource === 'namespaces' && subresource !== undefined && !['status', 'finalize'].includes(subresource)) {
    namespace = name;
    [resource, name, subresource, ...extra] = tail.slice(2);
  }
  const type = [...types, namespaces, pods].find(
    (candidate) => candidate.group === group && candidate.version === version && candidate.resource === resource,
  );
  if (type === undefined || extra.length > 0 || (namespace !== undefined && !type.namespaced)) throw missing();
  if (type.namespaced && namespace === undefined && name !== undefined) throw missing();
  return { type, namespace, name, subresource };
}

/** The path's segments from `api` or `apis` on. */
export function segmentsOf(path: string): string[] {
  const segments = path.split('/').filter((segment) => segment !== '');
  const start = segments.findIndex((segment) => segment === 'api' || segment === 'apis');
  try {
    return segments.slice(start === -1 ? segments.length : start).map((segment) => decodeURIComponent(segment));
  } catch {
    throw missing();
  }
}

export function missing(): Refusal {
  return new Refusal(404, 'the server could not find the requested resource');
}
