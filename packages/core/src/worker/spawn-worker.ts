import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread from a module beside the caller's: `spawnWorker(import.meta.url, './hash-worker')`, without
 * an ending, so that the same line works on the sources (.ts, by type stripping) and on the build (.js).
 */
export function spawnWorker(caller: string, module: string, options: WorkerOptions = {}): Worker {
  const fromSource = caller.endsWith('.ts');
  const url = new URL(`${module}${fromSource ? '.ts' : '.js'}`, caller);
  return new Worker(url, { ...options, ...(fromSource ? { execArgv: ['--conditions=colophon-source'] } : {}) });
}
