import { setTimeout as sleep } from 'node:timers/promises';
import type { Keyring } from '../archive/keyring.ts';
import { cacheOf, type DebianCache } from '../fetch/cache.ts';
import { downloadBlob, isSound, type DownloadOptions } from '../fetch/download.ts';
import { inParallel } from '../fetch/pool.ts';
import type { ChainLevel, ChainReport } from './chain.ts';
import type { DebianProgress } from './progress.ts';
import { provenChain, requireLevel } from './proof.ts';
import { checkLock, type Lock, type LockedPackage } from './schema.ts';

export interface FetchLockedOptions extends DownloadOptions {
  /** A directory for what is fetched, content-addressed by SHA-256; or an open cache. */
  readonly cacheDirectory: string | DebianCache;
  readonly keyrings?: readonly string[] | Keyring;
  /** The weakest chain that is accepted; default `lock`: a lock whose suites have moved on can still be fetched. */
  readonly chain?: ChainLevel;
  /** Told once, when the chain is known, before the result. */
  readonly onChain?: (report: ChainReport) => void;
  readonly onProgress?: (event: DebianProgress) => void;
  /** Downloads at once. Default: 8. */
  readonly parallel?: number;
  readonly now?: Date;
  /**
   * Milliseconds for which packages have the line to themselves before an index is fetched: work with them can begin
   * earlier, and the proof is needed last. Default: 1000.
   */
  readonly headStart?: number;
}

/** Packages on their way. */
export interface LockedFetch {
  /**
   * The path of one .deb as soon as its bytes are there and have the hash that the lock says. Whether the archive vouches
   * for them may not be known yet: they may be read, but what is made of them may be published only once `proven` has
   * resolved. Rejects as `proven` does. Undefined if the lock does not name it.
   */
  package(sha256: string): Promise<string> | undefined;
  /** Resolves when every package is there and the chain has been shown; rejects with what `fetchLocked` throws. */
  readonly proven: Promise<ChainReport>;
}

/**
 * `fetchLocked`, for callers that have work to do with each package as it comes. Everything begins at once: packages and
 * the proof of their chain. A proof that fails stops the downloads. Throws DEBIAN_LOCK_INVALID.
 */
export function startFetch(lock: Lock, options: FetchLockedOptions): LockedFetch {
  checkLock(lock);
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const cache = cacheOf(options.cacheDirectory);
  const arriving = new Map(lock.packages.map(({ sha256 }) => [sha256, Promise.withResolvers<string>()]));
  const packages = cache.then((opened) =>
    fetchPackages(lock, opened, { ...options, signal }, ({ sha256 }) =>
      arriving.get(sha256)?.resolve(opened.blobs.path(`sha256:${sha256}`)),
    ),
  );
  const indices = Promise.race([Promise.allSettled([packages]), sleep(options.headStart ?? 1000, undefined, { ref: false })]);
  const chain = cache.then(async (opened) => {
    try {
      const report = await provenChain(lock, opened, { ...options, indices });
      options.onChain?.(report);
      requireLevel(report, options.chain ?? 'lock');
      return report;
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  const proven = settle(chain, packages);
  // Callers may never ask for one, or give up before: no rejection is left unhandled.
  for (const { promise } of arriving.values()) promise.catch(() => {});
  proven.catch((error: unknown) => {
    for (const { reject } of arriving.values()) reject(error);
  });
  return { package: (sha256) => arriving.get(sha256)?.promise, proven };
}

/**
 * Fetches every .deb that the lock names and gives their paths by SHA-256. Sizes and hashes are checked, also of those in
 * the cache; the chain InRelease → Packages → .deb is shown again, once for each lock, keyring and cache. Idempotent and
 * safe to run in several processes on one cache. The files are read-only to the caller. Throws DEBIAN_LOCK_INVALID,
 * DEBIAN_FETCH_FAILED, DEBIAN_CHAIN_UNPROVEN (contradiction, or weaker than `chain`) and what verifying throws.
 */
export async function fetchLocked(lock: Lock, options: FetchLockedOptions): Promise<Map<string, string>> {
  const fetching = startFetch(lock, options);
  await fetching.proven;
  const found = lock.packages.map(async ({ sha256 }) => [sha256, (await fetching.package(sha256)) as string] as const);
  return new Map(await Promise.all(found));
}

async function settle(chain: Promise<ChainReport>, packages: Promise<void>): Promise<ChainReport> {
  const [proof, fetched] = await Promise.allSettled([chain, packages]);
  // That a lock is forged says more than that its packages cannot be had.
  if (proof.status === 'rejected') throw proof.reason;
  if (fetched.status === 'rejected') throw fetched.reason;
  return proof.value;
}

async function fetchPackages(
  lock: Lock,
  cache: DebianCache,
  options: FetchLockedOptions,
  arrived: (entry: LockedPackage) => void,
): Promise<void> {
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
    arrived(entry);
    packages++;
    tell();
  });
}
