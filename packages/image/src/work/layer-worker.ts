import { parentPort, workerData } from 'node:worker_threads';
import { toErrorRecord } from '@colophon/core';
import { openLayerCache } from './cache.ts';
import { runJob, type LayerJob } from './job.ts';

const cache = openLayerCache((workerData as { cache: string }).cache);

parentPort?.on('message', async (job: LayerJob) => {
  try {
    parentPort?.postMessage({ result: await runJob(job, await cache) });
  } catch (error) {
    parentPort?.postMessage({ error: toErrorRecord(error) });
  }
});
