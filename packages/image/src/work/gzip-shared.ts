import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { coreErrors, spawnWorker } from '@colophon/core';
import { segmentCount } from '../encoder/deflate.ts';
import { gzipMember, joinMember } from '../encoder/encoder.ts';
import { encodeNext, type Encoded, type SegmentTask } from './segments.ts';

/** Below this many segments another thread costs more than it saves. */
const worthwhile = 8;
const helpers: Worker[] = [];

/**
 * `gzipMember` with the help of other cores: segments do not depend on one another, so whoever is free takes the next. The
 * same bytes as `gzipMember`. Helpers are kept for the next call and end with the thread that called.
 */
export async function gzipShared(data: Buffer<SharedArrayBuffer>, threads = availableParallelism() - 1): Promise<Buffer> {
  const count = segmentCount(data.length);
  const wanted = count < worthwhile ? 0 : Math.min(threads, 7, count >> 2);
  if (wanted < 1) return gzipMember(data);
  while (helpers.length < wanted) {
    const helper = spawnWorker(import.meta.url, './segment-worker');
    helper.unref();
    helpers.push(helper);
  }
  const task: SegmentTask = { data: data.buffer, offset: data.byteOffset, length: data.length, next: new SharedArrayBuffer(4) };
  const answers = helpers.slice(0, wanted).map((helper) => ask(helper, task));
  const own = encodeNext(task);
  const segments: Uint8Array[] = [];
  for (const [index, bytes] of [own, ...(await Promise.all(answers))].flat()) segments[index] = bytes;
  return joinMember(data, segments);
}

function ask(helper: Worker, task: SegmentTask): Promise<Encoded[]> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      helper.off('message', answered).off('error', failed);
      helper.unref();
      act();
    };
    const answered = (encoded: Encoded[]): void => settle(() => resolve(encoded));
    const failed = (cause: Error): void => {
      helpers.splice(helpers.indexOf(helper), 1);
      settle(() => reject(coreErrors.error('CORE_WORKER_FAILED', `encoding a layer failed: ${cause.message}`, { cause })));
    };
    helper.ref();
    helper.on('message', answered).on('error', failed);
    helper.postMessage(task);
  });
}
