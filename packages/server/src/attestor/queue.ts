export interface RetryQueue<Item> {
  /** Adds an item; if one of that key is running, it runs once more afterwards. */
  add(key: string, item: Item): void;
  /** Resolves when nothing is waiting, running or to be tried again. */
  idle(): Promise<void>;
  /** Waiting, running and to be tried again. */
  readonly size: number;
  /** Starts nothing more, and waits for what runs. */
  stop(): Promise<void>;
}

export interface RetryQueueOptions<Item> {
  readonly work: (item: Item) => Promise<void>;
  readonly parallel: number;
  readonly onFailure: (item: Item, error: unknown, attempt: number) => void;
  /** Milliseconds after the first failure; doubled each time. */
  readonly delay?: number;
  readonly longest?: number;
}

/**
 * Runs work on items, a few at a time. Work that rejects is tried again later, for ever: nothing is given up because a registry or
 * a log was away, and what waits for its next try holds no place. Order between keys is not kept.
 */
export function createRetryQueue<Item>(options: RetryQueueOptions<Item>): RetryQueue<Item> {
  const waiting = new Map<string, Item>();
  const running = new Map<string, Promise<void>>();
  const sleeping = new Map<string, NodeJS.Timeout>();
  const attempts = new Map<string, number>();
  let stopped = false;
  let idlers: (() => void)[] = [];

  function next(): void {
    for (const [key, item] of waiting) {
      if (stopped || running.size >= options.parallel) break;
      if (running.has(key)) continue;
      waiting.delete(key);
      running.set(key, attempt(key, item));
    }
    if (running.size + waiting.size + sleeping.size > 0) return;
    for (const resolve of idlers) resolve();
    idlers = [];
  }

  async function attempt(key: string, item: Item): Promise<void> {
    try {
      await options.work(item);
      attempts.delete(key);
    } catch (error) {
      const count = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, count);
      options.onFailure(item, error, count);
      retryLater(key, item, Math.min(options.longest ?? 60_000, (options.delay ?? 250) * 2 ** Math.min(count - 1, 20)));
    }
    running.delete(key);
    next();
  }

  function retryLater(key: string, item: Item, delay: number): void {
    if (stopped || waiting.has(key)) return;
    sleeping.set(
      key,
      setTimeout(() => {
        sleeping.delete(key);
        if (!waiting.has(key)) waiting.set(key, item);
        next();
      }, delay),
    );
  }

  return {
    add(key, item) {
      clearTimeout(sleeping.get(key));
      sleeping.delete(key);
      waiting.set(key, item);
      queueMicrotask(next);
    },
    idle: () => (running.size + waiting.size + sleeping.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    get size() {
      return waiting.size + running.size + sleeping.size;
    },
    async stop() {
      stopped = true;
      for (const timer of sleeping.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}
