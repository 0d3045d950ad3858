import { coreErrors } from '@colophon/core';

const open = 0;
const reading = 1;
const shut = 2;

/**
 * Keeps a pool from ending a worker while the worker reads a package. The native xz decoder works in threads of its own
 * and reports to the thread that called: if that is gone, the process dies (SIGSEGV). Shared by the pool and one worker.
 */
export interface Gate {
  readonly shared: SharedArrayBuffer;
  /** In the worker: runs `read`, unless or until the gate is shut; `read` calls `check` now and then, which throws if it is. */
  pass<Result>(read: (check: () => void) => Promise<Result>): Promise<Result>;
  /** In the pool: no more reading. True if the worker is reading now: it will give up, and end by itself. */
  shut(): boolean;
  isShut(): boolean;
}

export function createGate(shared = new SharedArrayBuffer(4)): Gate {
  const state = new Int32Array(shared);
  const isShut = (): boolean => Atomics.load(state, 0) === shut;
  const check = (): void => {
    if (isShut()) throw givenUp();
  };
  return {
    shared,
    async pass(read) {
      Atomics.compareExchange(state, 0, open, reading);
      try {
        check();
        const result = await read(check);
        check();
        return result;
      } finally {
        Atomics.compareExchange(state, 0, reading, open);
      }
    },
    shut: () => Atomics.exchange(state, 0, shut) === reading,
    isShut,
  };
}

/** What becomes of a job whose build has ended. */
export function givenUp(): Error {
  return coreErrors.error('CORE_WORKER_FAILED', 'the build was given up');
}
