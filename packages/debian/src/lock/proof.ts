import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, digestOf } from '@colophon/core';
import { durable } from '@colophon/store';
import { keyringFiles, type Keyring } from '../archive/keyring.ts';
import { debianErrors } from '../errors.ts';
import type { DebianCache } from '../fetch/cache.ts';
import { verifyChain, type ChainLevel, type ChainOptions, type ChainReport } from './chain.ts';
import { keyringFrom } from './create.ts';
import type { FetchLockedOptions } from './fetch.ts';
import { lockDigest, type Lock } from './schema.ts';

/** The report of this lock with these keyrings: kept once it is `pinned`, since nothing can make it worse. */
export async function provenChain(
  lock: Lock,
  cache: DebianCache,
  options: FetchLockedOptions & Pick<ChainOptions, 'indices'>,
): Promise<ChainReport> {
  const marker = join(
    cache.verified,
    `${createHash('sha256')
      .update(`${lockDigest(lock)}\n${await keyringDigest(options.keyrings)}`)
      .digest('hex')}.json`,
  );
  const known = await readFile(marker, 'utf8').then(
    (text) => JSON.parse(text) as ChainReport,
    () => undefined,
  );
  const report =
    known ?? (await verifyChain(lock, cache, { ...options, keyring: keyringFrom(options.keyrings), now: options.now ?? new Date() }));
  for (const { suite, level, reason } of report.suites)
    options.onProgress?.({ kind: 'chain', suite, level, ...(reason === undefined ? {} : { reason }) });
  if (known === undefined && report.level === 'pinned') {
    await durable.createDirectory(cache.verified);
    await durable.writeFile(marker, canonicalJson(report));
  }
  return report;
}

async function keyringDigest(keyrings: readonly string[] | Keyring | undefined): Promise<string> {
  if (keyrings !== undefined && 'keys' in keyrings && !Array.isArray(keyrings)) {
    return (keyrings as Keyring).keys.map((key) => digestOf(key.write())).join();
  }
  const files = await keyringFiles(keyrings as readonly string[] | undefined);
  return (await Promise.all(files.map(async (file) => digestOf(await readFile(file))))).join();
}

/** Throws DEBIAN_CHAIN_UNPROVEN where a package is vouched for by less than `weakest`. */
export function requireLevel(report: ChainReport, weakest: ChainLevel): void {
  const order: readonly ChainLevel[] = ['lock', 'listed', 'pinned'];
  const weak = Object.entries(report.packages).filter(([, level]) => order.indexOf(level) < order.indexOf(weakest));
  if (weak.length === 0) return;
  const reasons = report.suites.flatMap(({ suite, reason }) => (reason === undefined ? [] : [`${suite}: ${reason}`]));
  throw debianErrors.error(
    'DEBIAN_CHAIN_UNPROVEN',
    `${weak.length} packages are vouched for by less than ${weakest} (${reasons.join('; ')})`,
  );
}
