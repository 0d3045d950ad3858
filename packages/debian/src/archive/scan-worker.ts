import { parentPort, workerData } from 'node:worker_threads';
import { toErrorRecord } from '@colophon/core';
import { scanHere, type ScanJob } from './scan-index.ts';

try {
  parentPort?.postMessage({ found: await scanHere(workerData as ScanJob) });
} catch (error) {
  parentPort?.postMessage({ error: toErrorRecord(error) });
}
