import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { ColophonError, coreErrors, spawnWorker, type ErrorRecord } from '@colophon/core';
import { createGate, givenUp, type Gate } from './gate.ts';
import type { FinishedJob, LayerJob } from './job.ts';
import type { LayerWorkerData } from './layer-worker.ts';

export interface LayerPool {
  /** Starts workers for so many jobs to come: they load while the first of them is still being fetched. */
  expect(jobs: number): void;
  /** Runs a job on the next core that is free; of those that wait the largest first. */
  run(job: LayerJob): Promise<FinishedJob>;
  /** Ends the workers; what is still running or waiting is given up and rejects. */
  close(): Promise<void>;
}

interface Waiting {
  readonly job: LayerJob;
  resolve(result: FinishedJob): void;
  reject(error: Error): void;
}

const weight = (job: LayerJob): number => (job.kind === 'package' ? job.size : Infinity);

/** Workers are started when there is work, and end with `close`. How many there are has no influence on any byte. */
export function createLayerPool(cache: string, workers = availableParallelism()): LayerPool {
  const idle: Worker[] = [];
  const all: Worker[] = [];
  const queue: Waiting[] = [];
  const given = new Map<Worker, Waiting>();
  const gates = new Map<Worker, Gate>();
  let closed = false;

  const start = (): Worker => {
    const gate = createGate();
    const workerData: LayerWorkerData = { cache, gate: gate.shared };
    const worker = spawnWorker(import.meta.url, './layer-worker', { workerData });
    gates.set(worker, gate);
    worker.on('message', (answer: { result: FinishedJob } | { error: ErrorRecord }) => {
      const current = given.get(worker);
      given.delete(worker);
      if ('result' in answer) current?.resolve(answer.result);
      else current?.reject(ColophonError.fromRecord(answer.error));
      idle.push(worker);
      next();
    });
    worker.on('error', (cause: Error) => lost(worker, `making a layer failed: ${cause.message}`, cause));
    worker.on('exit', (code) => lost(worker, `a layer's worker ended with code ${code}`));
    all.push(worker);
    return worker;
  };
  const lost = (worker: Worker, why: string, cause?: Error): void => {
    given.get(worker)?.reject(coreErrors.error('CORE_WORKER_FAILED', why, { cause }));
    given.delete(worker);
    if (all.includes(worker)) all.splice(all.indexOf(worker), 1);
    if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
  };
  const next = (): void => {
    const worker = queue.length === 0 ? undefined : (idle.pop() ?? (all.length < workers ? start() : undefined));
    const waiting = worker === undefined ? undefined : queue.shift();
    if (worker === undefined || waiting === undefined) return;
    given.set(worker, waiting);
    worker.postMessage(waiting.job);
  };

  return {
    expect(jobs) {
      while (all.length < Math.min(workers, jobs)) idle.push(start());
    },
    run: (job) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(givenUp());
        const after = queue.findIndex((other) => weight(other.job) < weight(job));
        queue.splice(after < 0 ? queue.length : after, 0, { job, resolve, reject });
        next();
      }),
    async close() {
      closed = true;
      for (const { reject } of queue.splice(0)) reject(givenUp());
      await Promise.all(
        [...all].map(async (worker) => {
          const ended = new Promise((resolve) => worker.once('exit', resolve));
          if (gates.get(worker)?.shut() === true) await ended;
          else await worker.terminate();
        }),
      );
    },
  };
}
