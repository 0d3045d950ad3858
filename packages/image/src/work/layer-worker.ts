import { parentPort, workerData } from 'node:worker_threads';
import { toErrorRecord } from '@colophon/core';
import { openLayerCache } from './cache.ts';
import { createGate } from './gate.ts';
import { runJob, type LayerJob } from './job.ts';

/** What a worker is started with. */
export interface LayerWorkerData {
  readonly cache: string;
  readonly gate: SharedArrayBuffer;
}

const data = workerData as LayerWorkerData;
const cache = openLayerCache(data.cache);
const gate = createGate(data.gate);

parentPort?.on('message', async (job: LayerJob) => {
  try {
    parentPort?.postMessage({ result: await runJob(job, await cache, gate) });
  } catch (error) {
    parentPort?.postMessage({ error: toErrorRecord(error) });
  }
  // The pool waits for this thread to end by itself: see Gate.
  if (gate.isShut()) parentPort?.close();
});
