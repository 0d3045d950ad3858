import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorRecord } from '@colophon/core';
import { decompress, type Compression } from '../codec/decompress.ts';
import { debianErrors } from '../errors.ts';
import { createPackagesParser } from './packages-parser.ts';

/** What the worker is asked: one compressed index, and what the signed InRelease says of its plain form. */
export interface ParseJob {
  readonly path: string;
  readonly compression: Compression;
  readonly sha256: string;
  readonly size: number;
  readonly what: string;
}

async function parse(job: ParseJob): Promise<{ compact: Buffer; count: number }> {
  const hash = createHash('sha256');
  const parser = createPackagesParser(job.what);
  const stream = decompress(createReadStream(job.path, { highWaterMark: 256 * 1024 }), job.compression, job.size, job.what);
  let size = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    size += chunk.length;
    parser.push(chunk);
  }
  if (size !== job.size || hash.digest('hex') !== job.sha256) {
    throw debianErrors.error('DEBIAN_HASH_MISMATCH', `${job.what} decompresses to other bytes than its InRelease vouches for`);
  }
  return parser.finish();
}

try {
  const { compact, count } = await parse(workerData as ParseJob);
  // A copy of its own: small Buffers share Node's pool, which cannot be handed over.
  const own = new Uint8Array(compact);
  parentPort?.postMessage({ compact: own, count }, [own.buffer]);
} catch (error) {
  parentPort?.postMessage({ error: toErrorRecord(error) });
}
