import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { ColophonError, coreErrors, spawnWorker, type ErrorRecord } from '@colophon/core';
import type { FinishedJob, LayerJob } from './job.ts';

export interface LayerPool {
  /** Runs jobs on all cores, in the order given; results in that order. The first failure rejects, the rest is given up. */
  run(jobs: readonly LayerJob[], onDone?: (job: LayerJob, result: FinishedJob) => void): Promise<FinishedJob[]>;
  close(): Promise<void>;
}

/** Workers are started when there is work, and end with `close`. How many there are has no influence on any byte. */
export function createLayerPool(cache: string, workers = availableParallelism()): LayerPool {
  const idle: Worker[] = [];
  const all: Worker[] = [];
  const start = (): Worker => {
    const worker = spawnWorker(import.meta.url, './layer-worker', { workerData: { cache } });
    all.push(worker);
    return worker;
  };
  return {
    async run(jobs, onDone) {
      const results: FinishedJob[] = [];
      let next = 0;
      const lane = async (): Promise<void> => {
        const worker = idle.pop() ?? start();
        while (next < jobs.length) {
          const index = next++;
          const job = jobs[index] as LayerJob;
          const result = await ask(worker, job).catch((error: unknown) => {
            next = jobs.length;
            throw error;
          });
          results[index] = result;
          onDone?.(job, result);
        }
        idle.push(worker);
      };
      await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, lane));
      return results;
    },
    async close() {
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, job: LayerJob): Promise<FinishedJob> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', answered).off('error', failed).off('exit', ended);
      act();
    };
    const answered = (answer: { result: FinishedJob } | { error: ErrorRecord }): void =>
      settle(() => ('result' in answer ? resolve(answer.result) : reject(ColophonError.fromRecord(answer.error))));
    const failed = (cause: Error): void =>
      settle(() => reject(coreErrors.error('CORE_WORKER_FAILED', `making a layer failed: ${cause.message}`, { cause })));
    const ended = (code: number): void =>
      settle(() => reject(coreErrors.error('CORE_WORKER_FAILED', `a layer's worker ended with code ${code}`)));
    worker.on('message', answered).on('error', failed).on('exit', ended);
    worker.postMessage(job);
  });
}
