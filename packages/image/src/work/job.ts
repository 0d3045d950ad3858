import { readFile } from 'node:fs/promises';
import { canonicalJson, errorCode, sha256Hex } from '@colophon/core';
import type { DebLimits } from '@colophon/debian';
import { encoderId } from '../encoder/encoder.ts';
import { imageErrors } from '../errors.ts';
import { localEntries, type LocalFiles } from '../layer/local-files.ts';
import { packageEntries, type ExpectedPackage, type PackageOptions } from '../layer/package.ts';
import { layerRecord, type LayerRecord } from '../layer/record.ts';
import { inOrder, type Entry } from '../tar/entry.ts';
import { writeTar } from '../tar/writer.ts';
import type { LayerCache } from './cache.ts';
import type { Gate } from './gate.ts';
import { gzipShared } from './gzip-shared.ts';

/** Part of every key: changes when the same inputs give another layer, whatever the encoder's id says. */
const converterId = 'colophon-layer@1';

export interface PackageJob {
  readonly kind: 'package';
  /** Path of the .deb. */
  readonly deb: string;
  /** Of the .deb, in bytes; says only what to begin with. */
  readonly size: number;
  /** How many threads more may encode it, where the other layers do not keep all cores busy. Default: none. */
  readonly helpers?: number;
  readonly expected: ExpectedPackage;
  readonly options: PackageOptions;
  readonly limits: Partial<DebLimits>;
}

/** A package job whose file is asked for only where the cache does not have the layer, and may still be on its way then. */
export type WantedPackage = Omit<PackageJob, 'deb' | 'helpers'> & { readonly deb: () => string | Promise<string> };

export interface FilesJob {
  readonly kind: 'files';
  readonly root: string;
  readonly files: LocalFiles;
  /** The directories above `files.path`. */
  readonly parents: readonly Entry[];
}

/** What was made, and what the cache keeps it under. */
export interface FinishedJob {
  readonly key: string;
  readonly record: LayerRecord;
}

export type LayerJob = PackageJob | FilesJob;

/** What a package's layer is kept under: everything that its bytes depend on. */
export function packageKey(job: Omit<PackageJob, 'deb' | 'helpers'>): string {
  return sha256Hex(canonicalJson({ converter: converterId, encoder: encoderId, expected: job.expected, options: job.options }));
}

/**
 * Makes one layer and puts it into the cache. Runs in a worker thread. Local files have no key before they are read;
 * theirs is the tar archive itself, so that what has not changed is at least not compressed again.
 */
export async function runJob(job: LayerJob, cache: LayerCache, gate: Gate): Promise<FinishedJob> {
  if (job.kind === 'files') {
    const entries = inOrder([...job.parents, ...(await localEntries(job.root, job.files))]);
    const tar = writeTar(entries);
    const key = sha256Hex(canonicalJson({ converter: converterId, encoder: encoderId, tar: sha256Hex(tar) }));
    const known = await cache.get(key);
    if (known !== undefined) return { key, record: known.record };
    const blob = await gzipShared(tar);
    const record = layerRecord(entries, tar, blob);
    await cache.put(key, record, blob);
    return { key, record };
  }
  const deb = await readFile(job.deb).catch((cause: unknown) => {
    const why = errorCode(cause) === 'ENOENT' ? 'is not there' : (cause as Error).message;
    throw imageErrors.error('IMAGE_PACKAGE_MISSING', `the file of ${job.expected.name} ${job.expected.version}: ${why}`, { cause });
  });
  const found = sha256Hex(deb);
  if (found !== job.expected.sha256) {
    throw imageErrors.error('IMAGE_PACKAGE_MISMATCH', `the file of ${job.expected.name} has SHA-256 ${found}, not ${job.expected.sha256}`, {
      details: { expected: job.expected.sha256, found },
    });
  }
  const { entries, facts } = await gate.pass((check) => packageEntries(deb, job.expected, job.options, job.limits, check));
  const tar = writeTar(entries);
  const blob = await gzipShared(tar, job.helpers ?? 0);
  const whole = { ...layerRecord(entries, tar, blob), package: facts };
  const key = packageKey(job);
  await cache.put(key, whole, blob);
  return { key, record: whole };
}
