import { createReadStream } from 'node:fs';
import { ColophonError, coreErrors, spawnWorker, type ErrorRecord } from '@colophon/core';
import { decompress, type Compression } from '../codec/decompress.ts';
import { createStanzaFinder, type WantedPackage } from './stanza-finder.ts';

/** What is looked for in one compressed index, whose bytes were checked. */
export interface ScanJob {
  readonly path: string;
  readonly compression: Compression;
  /** Bytes of the plain index, by the signed InRelease: it is given up beyond them. */
  readonly limit: number;
  readonly wanted: readonly WantedPackage[];
  readonly what: string;
}

/**
 * Names of the wanted packages that the index lists so. Reads no further than to the last of them. Runs in a thread with
 * a heap of its own: the 57 MB that pass through would have the caller's collected again and again. Throws DEBIAN_LIMIT,
 * DEBIAN_COMPRESSION_INVALID, DEBIAN_INDEX_INVALID.
 */
export function scanIndex(job: ScanJob): Promise<string[]> {
  const worker = spawnWorker(import.meta.url, './scan-worker', { workerData: job, resourceLimits: { maxOldGenerationSizeMb: 1024 } });
  return new Promise((resolve, reject) => {
    const failed = (why: string, cause?: Error) =>
      reject(coreErrors.error('CORE_WORKER_FAILED', `searching ${job.what} ${why}`, { cause }));
    worker.once('message', (reply: { found: string[] } | { error: ErrorRecord }) =>
      'found' in reply ? resolve(reply.found) : reject(ColophonError.fromRecord(reply.error)),
    );
    worker.once('error', (cause) => failed(`failed: ${cause.message}`, cause));
    worker.once('exit', () => failed('ended without a result'));
  });
}

/** The search itself, in the thread that calls. */
export async function scanHere({ path, compression, limit, wanted, what }: ScanJob): Promise<string[]> {
  const { missing, push, finish } = createStanzaFinder(wanted, what);
  const found = () => wanted.map(({ name }) => name).filter((name) => !missing.has(name));
  for await (const chunk of decompress(createReadStream(path, { highWaterMark: 256 * 1024 }), compression, limit, what)) {
    push(chunk);
    if (missing.size === 0) return found();
  }
  finish();
  return found();
}
