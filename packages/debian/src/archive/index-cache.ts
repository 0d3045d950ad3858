import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ColophonError, coreErrors, sha256Hex, spawnWorker, type ErrorRecord } from '@colophon/core';
import { durable } from '@colophon/store';
import { compactVersion } from './packages-parser.ts';
import type { ParseJob } from './parse-worker.ts';

/**
 * The compact form of a package index: parsed in a worker thread the first time, read from `directory` afterwards, where
 * it is kept under the SHA-256 of the plain index. A cached file that is damaged is made anew. Throws what parsing throws.
 */
export async function compactIndex(job: ParseJob, directory: string): Promise<Buffer> {
  const path = join(directory, `${job.sha256}.v${compactVersion}`);
  const cached = await readFile(path).catch(() => undefined);
  if (cached !== undefined && cached.length >= 65) {
    const compact = cached.subarray(65);
    if (cached.toString('latin1', 0, 64) === sha256Hex(compact)) return compact;
  }
  const compact = await parseInWorker(job);
  await durable.createDirectory(directory);
  await durable.writeFile(path, Buffer.concat([Buffer.from(`${sha256Hex(compact)}\n`), compact]));
  return compact;
}

function parseInWorker(job: ParseJob): Promise<Buffer> {
  const worker = spawnWorker(import.meta.url, './parse-worker', { workerData: job, resourceLimits: { maxOldGenerationSizeMb: 1024 } });
  return new Promise<Buffer>((resolve, reject) => {
    worker.once('message', (reply: { compact?: Uint8Array; error?: ErrorRecord }) => {
      if (reply.error !== undefined) reject(ColophonError.fromRecord(reply.error));
      else if (reply.compact !== undefined) resolve(Buffer.from(reply.compact.buffer, reply.compact.byteOffset, reply.compact.byteLength));
    });
    worker.once('error', (cause) =>
      reject(coreErrors.error('CORE_WORKER_FAILED', `the parser of ${job.what} failed: ${cause.message}`, { cause })),
    );
    worker.once('exit', () => reject(coreErrors.error('CORE_WORKER_FAILED', `the parser of ${job.what} ended without a result`)));
  });
}
