import type { Change } from './change.ts';

/** Changes that a listener may leave unread in memory; one that falls further behind reads the rest from the disk. */
const backlogLimit = 2000;

export interface Subscription {
  /**
   * The next change; `overtaken` when some were dropped from memory (read them from the disk, after what was seen); `idle` after `wait`
   * milliseconds without any; undefined when it was ended.
   */
  next(wait?: number): Promise<Change | 'overtaken' | 'idle' | undefined>;
  end(): void;
}

/** Tells committed changes to whoever listens, from memory. A slow listener holds nobody up and keeps a bounded backlog. */
export class Hub {
  readonly #listeners = new Map<string, Set<(change: Change) => void>>();

  publish(change: Change): void {
    for (const listener of this.#listeners.get(change.place.type) ?? []) listener(change);
  }

  subscribe(type: string, namespace: string | undefined): Subscription {
    let backlog: Change[] = [];
    let at = 0;
    let overtaken = false;
    let ended = false;
    let wake: (() => void) | undefined;
    const listener = (change: Change) => {
      if (namespace !== undefined && change.place.namespace !== namespace) return;
      if (backlog.length - at >= backlogLimit) {
        backlog = [];
        at = 0;
        overtaken = true;
      }
      if (!overtaken) backlog.push(change);
      wake?.();
    };
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));

    function take(): Change | 'overtaken' | undefined {
      if (overtaken) {
        overtaken = false;
        return 'overtaken';
      }
      const change = backlog[at];
      if (change === undefined) return undefined;
      at += 1;
      if (at === backlog.length) {
        backlog = [];
        at = 0;
      }
      return change;
    }

    return {
      async next(wait) {
        if (ended) return undefined;
        const ready = take();
        if (ready !== undefined) return ready;
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (wait !== undefined) timer = setTimeout(resolve, wait).unref();
        });
        clearTimeout(timer);
        wake = undefined;
        return ended ? undefined : (take() ?? 'idle');
      },
      end() {
        ended = true;
        listeners.delete(listener);
        wake?.();
      },
    };
  }
}
