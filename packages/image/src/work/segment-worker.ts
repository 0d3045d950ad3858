import { parentPort } from 'node:worker_threads';
import { encodeNext, type SegmentTask } from './segments.ts';

parentPort?.on('message', (task: SegmentTask) => parentPort?.postMessage(encodeNext(task)));
