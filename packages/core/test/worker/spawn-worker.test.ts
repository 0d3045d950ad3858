import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { spawnWorker } from '@colophon/core';

it('starts a worker from a source module beside the caller, by its name without an ending', async () => {
  const worker = spawnWorker(import.meta.url, './doubler', { workerData: 2 });
  onTestFinished(() => void worker.terminate());
  worker.postMessage(21);
  expect(await once(worker, 'message')).toEqual([42]);
});

it('fails when there is none', async () => {
  const worker = spawnWorker(import.meta.url, './missing');
  const [error] = (await once(worker, 'error')) as [Error & { code?: string }];
  expect(error.code).toMatch(/MODULE_NOT_FOUND$/);
});
