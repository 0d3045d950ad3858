import { isColophonError } from '@colophon/core';
import { fetchSuite, verifySuite } from '../archive/fetch-release.ts';
import type { SignatureReport } from '../archive/inrelease.ts';
import type { Keyring } from '../archive/keyring.ts';
import type { Release } from '../archive/release.ts';
import { debianErrors } from '../errors.ts';
import type { DebianCache } from '../fetch/cache.ts';
import { downloadBlob, type DownloadOptions } from '../fetch/download.ts';
import { findListed } from './listed.ts';
import type { Lock, LockedPackage, LockedSuite } from './schema.ts';

/**
 * How well a locked package is vouched for. `pinned`: by the very InRelease that the lock names. `listed`: that file can
 * no longer be had, but the suite's present, signed index lists the same bytes. `lock`: by the lock alone.
 */
export type ChainLevel = 'pinned' | 'listed' | 'lock';

export interface SuiteChain {
  readonly suite: string;
  readonly level: ChainLevel;
  /** SHA-256 of the InRelease that was verified. */
  readonly inRelease?: string;
  readonly date?: string;
  readonly signedBy: readonly string[];
  readonly signatures: readonly SignatureReport[];
  /** Why the pinned chain could not be shown. */
  readonly reason?: string;
}

export interface ChainReport {
  /** The weakest of all packages. */
  readonly level: ChainLevel;
  readonly suites: readonly SuiteChain[];
  /** By package name. */
  readonly packages: Readonly<Record<string, ChainLevel>>;
}

export interface ChainOptions extends DownloadOptions {
  /** May still be on its way: it is needed when the first InRelease is there. */
  readonly keyring: Keyring | Promise<Keyring>;
  readonly now: Date;
  /** What is waited for before an index is fetched. */
  readonly indices?: Promise<unknown>;
}

/**
 * Shows again, from the archives' signatures, that they vouch for every locked package. What is not had (the suite has
 * moved on, no network) weakens the level; what contradicts the lock throws: a bad signature over the pinned bytes, an
 * index that the InRelease does not name, a package that the pinned index does not list so (DEBIAN_CHAIN_UNPROVEN).
 * Valid-Until and keys are judged at the lock's time.
 */
export async function verifyChain(lock: Lock, cache: DebianCache, options: ChainOptions): Promise<ChainReport> {
  // Whoever needs it awaits it; until then a failure is nobody's.
  Promise.resolve(options.keyring).catch(() => {});
  const parts = await Promise.all(lock.suites.map((suite) => suiteChain(lock, suite, cache, options)));
  const packages = Object.fromEntries(parts.flatMap(({ packages }) => packages));
  const levels: readonly ChainLevel[] = ['lock', 'listed', 'pinned'];
  const level = levels.find((candidate) => Object.values(packages).includes(candidate)) ?? 'pinned';
  return { level, suites: parts.map(({ chain }) => chain), packages };
}

interface Part {
  readonly chain: SuiteChain;
  readonly packages: (readonly [string, ChainLevel])[];
}

async function suiteChain(lock: Lock, suite: LockedSuite, cache: DebianCache, options: ChainOptions): Promise<Part> {
  const packages = lock.packages.filter((entry) => entry.suite === suite.name);
  let reason: string;
  try {
    return await pinnedChain(lock, suite, packages, cache, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isUnavailable(error)) throw error;
    reason = (error as Error).message;
  }
  try {
    return await listedChain(lock, suite, packages, cache, options, reason);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isColophonError(error)) throw error;
    const chain: SuiteChain = { suite: suite.name, level: 'lock', signedBy: [], signatures: [], reason: `${reason}; ${error.message}` };
    return { chain, packages: packages.map(({ name }) => [name, 'lock']) };
  }
}

/** Only what was not to be had weakens the chain; everything else contradicts the lock. */
function isUnavailable(error: unknown): boolean {
  return isColophonError(error) && (error.code === 'DEBIAN_FETCH_FAILED' || error.code === 'DEBIAN_MIRROR_MISSING');
}

async function pinnedChain(
  lock: Lock,
  suite: LockedSuite,
  packages: readonly LockedPackage[],
  cache: DebianCache,
  options: ChainOptions,
): Promise<Part> {
  const { inRelease, archive, name } = suite;
  const what = `InRelease of ${name}`;
  // Only one round: a suite that has moved on is no passing failure.
  const once = { ...options, rounds: Math.min(options.rounds ?? 2, 2) };
  await downloadBlob({ archive, paths: [inRelease.path], sha256: inRelease.sha256, size: inRelease.size, what }, cache, once);
  const bytes = await cache.blobs.bytes(`sha256:${inRelease.sha256}`, inRelease.size);
  const at = new Date(lock.snapshot);
  const verified = await verifySuite(
    bytes,
    suiteRequest(suite),
    { keyring: await options.keyring, architecture: lock.architecture, at, pinned: true },
    what,
  );
  if (`${verified.release.date.toISOString().slice(0, 19)}Z` !== inRelease.date)
    throw contradiction(`${what} has another date than the lock says`);
  for (const index of suite.indices) checkIndex(verified.release, suite, index);
  const listed = await findListed(verified.release, suite, lock.architecture, packages, cache, once);
  for (const entry of packages) {
    if (!listed.has(entry.name))
      throw contradiction(`the signed index of ${name} does not list ${entry.name} ${entry.version} as the lock has it`);
  }
  const chain: SuiteChain = {
    suite: name,
    level: 'pinned',
    inRelease: inRelease.sha256,
    date: inRelease.date,
    signedBy: verified.signedBy,
    signatures: verified.signatures,
  };
  return { chain, packages: packages.map((entry) => [entry.name, 'pinned']) };
}

/** The suite as it is today: most packages of an older lock are still listed, byte for byte. */
async function listedChain(
  lock: Lock,
  suite: LockedSuite,
  packages: readonly LockedPackage[],
  cache: DebianCache,
  options: ChainOptions,
  reason: string,
): Promise<Part> {
  const today = await fetchSuite(suiteRequest(suite), cache, {
    ...options,
    keyring: await options.keyring,
    architecture: lock.architecture,
    at: options.now,
    notBefore: new Date(suite.inRelease.date),
  });
  const listed = await findListed(today.release, suite, lock.architecture, packages, cache, options);
  const levels = packages.map((entry) => [entry.name, listed.has(entry.name) ? 'listed' : 'lock'] as const);
  const chain: SuiteChain = {
    suite: suite.name,
    level: levels.some(([, level]) => level === 'lock') ? 'lock' : 'listed',
    inRelease: today.sha256,
    date: today.release.date.toISOString(),
    signedBy: today.signedBy,
    signatures: today.signatures,
    reason,
  };
  return { chain, packages: levels };
}

function suiteRequest({ name, archive, components }: LockedSuite) {
  return { name, archive, components };
}

function checkIndex(release: Release, suite: LockedSuite, index: LockedSuite['indices'][number]): void {
  const root = `dists/${suite.name}/`;
  const file = index.path.startsWith(root) ? index.path.slice(root.length) : '';
  const compressed = release.files.get(file);
  const plain = release.files.get(file.replace(/\.(?:xz|gz|zst)$/, ''));
  const same = (known: { sha256: string; size: number } | undefined, locked: { sha256: string; size: number }) =>
    known !== undefined && known.sha256 === locked.sha256 && known.size === locked.size;
  if (!same(compressed, index) || !same(plain, index.plain))
    throw contradiction(`the InRelease of ${suite.name} does not vouch for ${index.path} as the lock has it`);
}

function contradiction(message: string) {
  return debianErrors.error('DEBIAN_CHAIN_UNPROVEN', message, { hint: 'The lock was changed by hand or forged: lock again.' });
}
