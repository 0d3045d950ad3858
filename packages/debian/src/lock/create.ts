import type { Mirrors } from '../archive/apt-sources.ts';
import { fetchIndex, indexEntries } from '../archive/fetch-index.ts';
import { fetchSuite, type VerifiedSuite } from '../archive/fetch-release.ts';
import { loadKeyring, type Keyring } from '../archive/keyring.ts';
import { debianErrors } from '../errors.ts';
import { cacheOf, type DebianCache } from '../fetch/cache.ts';
import type { DownloadOptions } from '../fetch/download.ts';
import { inParallel } from '../fetch/pool.ts';
import type { Conflict } from '../resolve/conflicts.ts';
import type { Pin } from '../resolve/request.ts';
import { resolve, type ResolvedPackage, type ResolveMode } from '../resolve/resolve.ts';
import { createUniverse, type Universe, type UniverseIndex } from '../resolve/universe.ts';
import type { DebianProgress } from './progress.ts';
import { parseLockRequest, suiteOf, type SuiteRequest } from './request.ts';
import { checkLock, type Lock, type LockedSuite } from './schema.ts';

export interface CreateLockOptions extends Omit<DownloadOptions, 'mirrors'> {
  readonly mirrors: Mirrors;
  /** In order: of equal versions the one of the earlier suite is taken. */
  readonly suites: readonly (string | SuiteRequest)[];
  readonly packages: readonly string[];
  readonly architecture: string;
  readonly mode: ResolveMode;
  readonly pins?: readonly Pin[];
  /** Keyring files, or keys in memory. Default: the machine's Debian archive keyrings. */
  readonly keyrings?: readonly string[] | Keyring;
  /** The time at which signatures and Valid-Until are judged. Default: now. */
  readonly now?: Date;
  /** A directory, or an open cache. */
  readonly cache: string | DebianCache;
  /** The lock that this one replaces: no suite may be older than it was then. */
  readonly previous?: Lock;
  readonly onProgress?: (event: DebianProgress) => void;
}

/**
 * Makes a lock from what the archives sign now. Every suite's InRelease is verified, every index checked against it; the
 * bytes of both stay in the cache, so that the lock can be verified again when the suite has moved on. The lock depends
 * on the signed files and the request alone, not on mirrors, time or machine. Throws DEBIAN_UNMET (in mode closure) and
 * DEBIAN_CONFLICT besides what fetching, verifying and resolving throw.
 */
export async function createLock(options: CreateLockOptions): Promise<Lock> {
  const cache = await cacheOf(options.cache);
  const keyring = await keyringFrom(options.keyrings);
  const at = options.now ?? new Date();
  const suites = await Promise.all(
    options.suites.map(suiteOf).map(async (request) => {
      const before = options.previous?.suites.find(({ name }) => name === request.name)?.inRelease.date;
      const { architecture } = options;
      const suite = await fetchSuite(request, cache, {
        ...options,
        keyring,
        architecture,
        at,
        ...(before === undefined ? {} : { notBefore: new Date(before) }),
      });
      options.onProgress?.({ kind: 'suite', suite: request.name, date: suite.release.date.toISOString(), signedBy: suite.signedBy });
      return suite;
    }),
  );
  const locked = suites.map((suite) => lockedSuite(suite, options.architecture));
  const universe = await loadUniverse(locked, suites, cache, options);
  const request = { packages: options.packages, ...(options.pins === undefined ? {} : { pins: options.pins }) };
  const resolution = resolve({ universe, request, mode: options.mode });
  refuseConflicts(resolution.conflicts);
  if (options.mode === 'closure' && resolution.unmet.length > 0) {
    const list = resolution.unmet.map(({ package: name, field, relation }) => `${name} ${field} ${relation}`);
    throw debianErrors.error('DEBIAN_UNMET', `dependencies that no package of the suites satisfies: ${list.slice(0, 20).join('; ')}`, {
      details: { unmet: list },
    });
  }
  const { packages } = resolution;
  options.onProgress?.({ kind: 'resolved', packages: packages.length, size: packages.reduce((sum, { record }) => sum + record.size, 0) });
  const snapshot = new Date(Math.max(...suites.map(({ release }) => release.date.getTime())));
  return checkLock({
    version: 1,
    snapshot: seconds(snapshot),
    architecture: options.architecture,
    mode: options.mode,
    request: [...new Set(options.packages)].sort(),
    suites: locked,
    packages: packages.map(lockedPackage),
  });
}

/** From a request as `colophon lock` reads it (YAML or JSON, already parsed). Throws DEBIAN_REQUEST_INVALID too. */
export function lockFromRequest(
  request: unknown,
  options: Omit<CreateLockOptions, 'suites' | 'packages' | 'architecture' | 'mode' | 'pins'>,
): Promise<Lock> {
  const { keyrings, ...parsed } = parseLockRequest(request);
  return createLock({ ...options, ...parsed, ...(options.keyrings === undefined && keyrings !== undefined ? { keyrings } : {}) });
}

export async function keyringFrom(keyrings: readonly string[] | Keyring | undefined): Promise<Keyring> {
  return keyrings !== undefined && 'keys' in keyrings && !Array.isArray(keyrings)
    ? (keyrings as Keyring)
    : loadKeyring(keyrings as readonly string[] | undefined);
}

async function loadUniverse(
  locked: readonly LockedSuite[],
  suites: readonly VerifiedSuite[],
  cache: DebianCache,
  options: CreateLockOptions,
): Promise<Universe> {
  const wanted = locked.flatMap((suite, which) =>
    suite.indices.map((index) => ({ suite, index, byHash: (suites[which] as VerifiedSuite).release.acquireByHash })),
  );
  const indices = await inParallel(wanted, 2, async ({ suite, index, byHash }): Promise<UniverseIndex> => {
    const compact = await fetchIndex(index, suite.archive, byHash, cache, options);
    options.onProgress?.({ kind: 'index', path: index.path });
    return { suite: suite.name, component: index.component, compact };
  });
  return createUniverse(options.architecture, indices);
}

function lockedSuite(suite: VerifiedSuite, architecture: string): LockedSuite {
  const { request, release } = suite;
  return {
    name: request.name,
    archive: request.archive,
    origin: release.origin,
    suite: release.suite,
    codename: release.codename,
    components: [...request.components],
    inRelease: {
      path: suite.path,
      size: suite.size,
      sha256: suite.sha256,
      date: seconds(release.date),
      ...(release.validUntil === undefined ? {} : { validUntil: seconds(release.validUntil) }),
      signedBy: [...suite.signedBy],
    },
    indices: indexEntries(release, request.name, request.components, architecture).map(({ component, file, size, sha256, plain }) => ({
      component,
      path: `dists/${request.name}/${file}`,
      size,
      sha256,
      plain: { size: plain.size, sha256: plain.sha256 },
    })),
  };
}

function lockedPackage({ record, why, unmet }: ResolvedPackage): Lock['packages'][number] {
  const { name, version, architecture, source, sourceVersion, suite, component, path, size, sha256 } = record;
  return {
    name,
    version,
    architecture,
    source,
    sourceVersion,
    suite,
    component,
    path,
    size,
    sha256,
    why: [...why],
    ...(unmet.length === 0 ? {} : { unmet: unmet.map(({ field, relation }) => `${field} ${relation}`) }),
  };
}

function refuseConflicts(conflicts: readonly Conflict[]): void {
  if (conflicts.length === 0) return;
  const list = conflicts.map(({ package: name, field, relation, other }) => `${name} ${field} ${relation} (${other} is chosen)`);
  throw debianErrors.error('DEBIAN_CONFLICT', `packages that cannot be together: ${list.slice(0, 20).join('; ')}`, {
    details: { conflicts: list },
  });
}

/** RFC 3339 in UTC, whole seconds. */
function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
