import { logErrors } from '../errors.ts';
import { hashLeaf } from '../merkle/hash.ts';
import type { PreparedEntry } from '../types/prepared.ts';
import type { Committer } from './committer.ts';
import type { Mutex } from './mutex.ts';

export interface Placed {
  readonly index: number;
  readonly leafHash: Buffer;
  /** The log had it before. */
  readonly existed: boolean;
}

interface Waiting {
  readonly body: Buffer;
  readonly leafHash: Buffer;
  readonly keys: readonly string[];
  resolve(placed: Placed): void;
  reject(error: unknown): void;
}

const maxBatch = 1024;
const maxBatchBytes = 8 * 1024 * 1024;

/**
 * Group commit without a fixed wait: whatever is waiting when the last commit ends goes together. One writer alone waits for one
 * sync, one signature and one transaction; many share them.
 */
export class Sequencer {
  readonly #committer: Committer;
  readonly #mutex: Mutex;
  readonly #committed: () => void;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  /** `mutex` is held through each commit; `committed` is called after it. */
  constructor(committer: Committer, mutex: Mutex, committed: () => void) {
    this.#committer = committer;
    this.#mutex = mutex;
    this.#committed = committed;
  }

  add({ body, keys }: PreparedEntry): Promise<Placed> {
    if (this.#closed) return Promise.reject(logErrors.error('LOG_CLOSED', 'the log is closed'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ body, leafHash: hashLeaf(body), keys, resolve, reject });
      this.#running ??= this.#run().finally(() => (this.#running = undefined));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // The entries that arrive in this turn of the event loop go into the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      await this.#mutex.run(() => this.#commit(this.#take()));
      this.#committed();
    }
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { body } of this.#queue) {
      bytes += body.length;
      if (count > 0 && (count === maxBatch || bytes > maxBatchBytes)) break;
      count += 1;
    }
    const batch = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return batch;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const places = await this.#committer.seal(batch);
      if (this.#committer.hasPending) await this.#committer.publish();
      for (const [position, { leafHash, resolve }] of batch.entries()) {
        const { index, fresh } = places[position] as { index: number; fresh: boolean };
        resolve({ index, leafHash, existed: !fresh });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
