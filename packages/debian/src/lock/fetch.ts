import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, digestOf, digestStream } from '@colophon/core';
import { durable } from '@colophon/store';
import { keyringFiles, type Keyring } from '../archive/keyring.ts';
import { debianErrors } from '../errors.ts';
import { openDebianCache, type DebianCache } from '../fetch/cache.ts';
import { downloadBlob, type DownloadOptions } from '../fetch/download.ts';
import { inParallel } from '../fetch/pool.ts';
import { verifyChain, type ChainLevel, type ChainReport } from './chain.ts';
import { keyringFrom } from './create.ts';
import type { DebianProgress } from './progress.ts';
import { checkLock, lockDigest, type Lock, type LockedPackage } from './schema.ts';

export interface FetchLockedOptions extends DownloadOptions {
  /** A directory for what is fetched, content-addressed by SHA-256; or an open cache. */
  readonly cacheDirectory: string | DebianCache;
  readonly keyrings?: readonly string[] | Keyring;
  /** The weakest chain that is accepted; default `lock`: a lock whose suites have moved on can still be fetched. */
  readonly chain?: ChainLevel;
  /** Told once, before the result. */
  readonly onChain?: (report: ChainReport) => void;
  readonly onProgress?: (event: DebianProgress) => void;
  /** Downloads at once. Default: 8. */
  readonly parallel?: number;
  readonly now?: Date;
}

/**
 * Fetches every .deb that the lock names and gives their paths by SHA-256. Sizes and hashes are checked, also of those in
 * the cache; the chain InRelease → Packages → .deb is shown again, once for each lock, keyring and cache. Idempotent and
 * safe to run in several processes on one cache. The files are read-only to the caller. Throws DEBIAN_LOCK_INVALID,
 * DEBIAN_FETCH_FAILED, DEBIAN_CHAIN_UNPROVEN (contradiction, or weaker than `chain`) and what verifying throws.
 */
export async function fetchLocked(lock: Lock, options: FetchLockedOptions): Promise<Map<string, string>> {
  checkLock(lock);
  const { cacheDirectory } = options;
  const cache = typeof cacheDirectory === 'string' ? await openDebianCache(cacheDirectory) : cacheDirectory;
  const [chain, packages] = await Promise.allSettled([provenChain(lock, cache, options), fetchPackages(lock, cache, options)]);
  // That a lock is forged says more than that its packages cannot be had.
  if (chain.status === 'rejected') throw chain.reason;
  if (packages.status === 'rejected') throw packages.reason;
  const report = chain.value;
  options.onChain?.(report);
  requireLevel(report, options.chain ?? 'lock');
  return new Map(lock.packages.map(({ sha256 }) => [sha256, cache.blobs.path(`sha256:${sha256}`)]));
}

async function fetchPackages(lock: Lock, cache: DebianCache, options: FetchLockedOptions): Promise<void> {
  const archives = new Map(lock.suites.map(({ name, archive }) => [name, archive]));
  const total = lock.packages.reduce((sum, { size }) => sum + size, 0);
  let received = 0;
  let packages = 0;
  const tell = () => options.onProgress?.({ kind: 'download', received, total, packages, of: lock.packages.length });
  const onBytes = (count: number) => {
    received = Math.min(received + count, total);
    tell();
  };
  // The largest first: none of them is then left alone at the end.
  const order = [...lock.packages].sort((left, right) => right.size - left.size);
  await inParallel(order, options.parallel ?? 8, async (entry) => {
    const archive = archives.get(entry.suite) as 'archive' | 'security';
    if (await isSound(entry, cache)) onBytes(entry.size);
    else {
      const what = `${entry.name} ${entry.version}`;
      await downloadBlob({ archive, paths: [entry.path], sha256: entry.sha256, size: entry.size, what }, cache, { ...options, onBytes });
    }
    packages++;
    tell();
  });
}

/** Whether the cache has the blob, whole. One that was damaged on disk is taken out. */
async function isSound(entry: LockedPackage, cache: DebianCache): Promise<boolean> {
  const digest = `sha256:${entry.sha256}` as const;
  const known = await cache.blobs.stat(digest);
  if (known === undefined) return false;
  if (known.size === entry.size && (await digestStream(cache.blobs.read(digest))).digest === digest) return true;
  await cache.blobs.delete(digest);
  return false;
}

/** The report of this lock with these keyrings: kept once it is `pinned`, since nothing can make it worse. */
async function provenChain(lock: Lock, cache: DebianCache, options: FetchLockedOptions): Promise<ChainReport> {
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
    known ?? (await verifyChain(lock, cache, { ...options, keyring: await keyringFrom(options.keyrings), now: options.now ?? new Date() }));
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

function requireLevel(report: ChainReport, weakest: ChainLevel): void {
  const order: readonly ChainLevel[] = ['lock', 'listed', 'pinned'];
  const weak = Object.entries(report.packages).filter(([, level]) => order.indexOf(level) < order.indexOf(weakest));
  if (weak.length === 0) return;
  const reasons = report.suites.flatMap(({ suite, reason }) => (reason === undefined ? [] : [`${suite}: ${reason}`]));
  throw debianErrors.error(
    'DEBIAN_CHAIN_UNPROVEN',
    `${weak.length} packages are vouched for by less than ${weakest} (${reasons.join('; ')})`,
  );
}
