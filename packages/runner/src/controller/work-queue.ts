/**
 * Keys to work on: each at most once at a time and at most once in the queue; a key that is added while it is worked on
 * is worked on again afterwards. Failures are tried again with back-off.
 */
export class WorkQueue {
  readonly #work: (key: string) => Promise<void>;
  readonly #onFailure: (key: string, error: unknown) => void;
  readonly #queued = new Set<string>();
  readonly #active = new Set<string>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  readonly #failures = new Map<string, number>();
  readonly #parallel: number;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(work: (key: string) => Promise<void>, options: { parallel: number; onFailure: (key: string, error: unknown) => void }) {
    this.#work = work;
    this.#parallel = options.parallel;
    this.#onFailure = options.onFailure;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#active.has(key)) this.#again.add(key);
    else this.#queued.add(key);
    this.#start();
  }

  /** Adds the key at that moment (milliseconds since the epoch), unless it is to be added sooner anyway. */
  addAt(key: string, at: number): void {
    const known = this.#timers.get(key);
    if (this.#stopped || (known !== undefined && known.at <= at)) return;
    clearTimeout(known?.timer);
    const timer = setTimeout(
      () => {
        this.#timers.delete(key);
        this.add(key);
      },
      Math.min(Math.max(at - Date.now(), 0), 2 ** 31 - 1),
    );
    this.#timers.set(key, { at, timer });
  }

  forget(key: string): void {
    clearTimeout(this.#timers.get(key)?.timer);
    this.#timers.delete(key);
    this.#failures.delete(key);
  }

  /** Resolves when nothing is queued or worked on; timers may still run. */
  async idle(): Promise<void> {
    if (this.#queued.size === 0 && this.#active.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Takes nothing more and waits for what is worked on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queued.clear();
    this.#again.clear();
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await this.idle();
  }

  #start(): void {
    for (const key of this.#queued) {
      if (this.#active.size >= this.#parallel) return;
      this.#queued.delete(key);
      this.#active.add(key);
      void this.#one(key);
    }
  }

  async #one(key: string): Promise<void> {
    try {
      await this.#work(key);
      this.#failures.delete(key);
    } catch (error) {
      this.#onFailure(key, error);
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.addAt(key, Date.now() + Math.min(100 * 2 ** failures, 30_000));
    } finally {
      this.#active.delete(key);
      if (this.#again.delete(key) && !this.#stopped) this.#queued.add(key);
      this.#start();
      if (this.#queued.size === 0 && this.#active.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }
}
