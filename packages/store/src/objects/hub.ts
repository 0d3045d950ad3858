import type { Matcher } from './selectors.ts';
import type { KubeObject, WatchEvent } from './types.ts';

/** One committed change, as it is told to watchers. */
export interface Change {
  readonly version: number;
  readonly type: string;
  readonly namespace: string;
  readonly kind: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  /** As it was before; undefined when it was made. */
  readonly previous: KubeObject | undefined;
}

export interface Subscription {
  /** The next change, or undefined when it was ended. */
  next(): Promise<Change | undefined>;
  end(): void;
}

/** Tells committed changes to whoever listens, from memory. A listener's backlog is bounded by what it does not read. */
export class Hub {
  readonly #listeners = new Set<(change: Change) => void>();

  publish(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  subscribe(type: string, namespace: string | undefined): Subscription {
    const backlog: Change[] = [];
    let wake: (() => void) | undefined;
    let ended = false;
    const listener = (change: Change) => {
      if (change.type !== type || (namespace !== undefined && change.namespace !== namespace)) return;
      backlog.push(change);
      wake?.();
    };
    this.#listeners.add(listener);
    return {
      next: async () => {
        if (backlog.length === 0 && !ended) await new Promise<void>((resolve) => void (wake = resolve));
        return ended ? undefined : backlog.shift();
      },
      end: () => {
        ended = true;
        this.#listeners.delete(listener);
        wake?.();
      },
    };
  }
}

/** With a selector, an object that begins to match is ADDED and one that ceases to is DELETED. */
export function toEvent(change: Change, matches: Matcher): WatchEvent | undefined {
  const now = change.kind !== 'DELETED' && matches(change.object);
  const before = change.previous !== undefined && matches(change.previous);
  if (change.kind === 'DELETED') return before || matches(change.object) ? { type: 'DELETED', object: change.object } : undefined;
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object: change.object };
  return before ? { type: 'DELETED', object: change.object } : undefined;
}
