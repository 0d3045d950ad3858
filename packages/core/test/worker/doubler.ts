import { parentPort, workerData } from 'node:worker_threads';

parentPort?.on('message', (value: number) => parentPort?.postMessage(value * (workerData as number)));
