import type { Matcher } from './selectors.ts';
import type { KubeObject, WatchEvent } from './types.ts';

/** Where an object is. `type` is `taskruns.tekton.dev`; `namespace` is empty for what has none. */
export interface Place {
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
}

/** One committed change, as it is told to watchers. */
export interface Change {
  readonly version: number;
  readonly place: Place;
  readonly kind: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  /** The labels before; undefined when the object was made. Fields that selectors may name do not change. */
  readonly before: Readonly<Record<string, string>> | undefined;
}

/** With a selector, an object that begins to match is ADDED and one that ceases to is DELETED. */
export function toEvent({ kind, object, before }: Change, matches: Matcher): WatchEvent | undefined {
  const matched = before !== undefined && matches({ ...object, metadata: { ...object.metadata, labels: before } });
  if (kind === 'DELETED') return matched ? { type: 'DELETED', object } : undefined;
  if (matches(object)) return { type: matched ? 'MODIFIED' : 'ADDED', object };
  return matched ? { type: 'DELETED', object } : undefined;
}
