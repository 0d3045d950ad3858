import { isColophonError } from '@colophon/core';
import type { DebianCache } from '../fetch/cache.ts';
import type { DownloadOptions } from '../fetch/download.ts';
import { AttemptError, getSmall } from '../fetch/http.ts';
import { mirrorName, mirrorsOf, mirrorUrl } from '../fetch/mirrors.ts';
import { debianErrors } from '../errors.ts';
import type { SuiteRequest } from '../lock/request.ts';
import { verifyInRelease, type VerifiedInRelease } from './inrelease.ts';
import type { Keyring } from './keyring.ts';
import { checkRelease, parseRelease, type Release } from './release.ts';

/** No InRelease of Debian has a tenth of this. */
const limit = 16 * 2 ** 20;

/** A suite whose signature and claims were checked, and whose bytes are in the cache. */
export interface VerifiedSuite extends VerifiedInRelease {
  readonly request: SuiteRequest;
  readonly release: Release;
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

export interface FetchReleaseOptions extends DownloadOptions {
  readonly keyring: Keyring;
  readonly architecture: string;
  /** The time at which signatures and Valid-Until are judged. */
  readonly at: Date;
  /** The suite must not be older: what was locked before. */
  readonly notBefore?: Date;
}

export function inReleasePath(suite: string): string {
  return `dists/${suite}/InRelease`;
}

/**
 * Fetches a suite's InRelease: the first one among the mirrors that verifies. A mirror that gives one that does not is
 * passed over like one that gives none. Throws DEBIAN_FETCH_FAILED, or the finding of the last mirror that gave a file.
 */
export async function fetchSuite(request: SuiteRequest, cache: DebianCache, options: FetchReleaseOptions): Promise<VerifiedSuite> {
  const path = inReleasePath(request.name);
  const what = `InRelease of ${request.name}`;
  const reasons: string[] = [];
  let finding: unknown;
  for (const mirror of mirrorsOf(options.mirrors, request.archive)) {
    try {
      const bytes = await getSmall(mirrorUrl(mirror, path), limit, options);
      const suite = await verifySuite(bytes, request, options, what);
      const { digest } = await cache.blobs.put(bytes);
      return { ...suite, path, sha256: digest.slice('sha256:'.length), size: bytes.length };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AttemptError) && !isColophonError(error)) throw error;
      if (isColophonError(error)) finding = error;
      reasons.push(`${mirrorName(mirror)}: ${error.message}`);
    }
  }
  if (finding !== undefined) throw finding;
  throw debianErrors.error('DEBIAN_FETCH_FAILED', `${what} could not be fetched (${reasons.join('; ')})`);
}

export async function verifySuite(
  bytes: Uint8Array,
  request: SuiteRequest,
  options: { keyring: Keyring; architecture: string; at: Date; notBefore?: Date; pinned?: boolean },
  what: string,
): Promise<VerifiedInRelease & { request: SuiteRequest; release: Release }> {
  const { keyring, architecture, at, notBefore, pinned } = options;
  const verified = await verifyInRelease(bytes, keyring, { at, ...(pinned === undefined ? {} : { pinned }) }, what);
  const release = parseRelease(verified.text, what);
  checkRelease(release, {
    suite: request.name,
    components: request.components,
    architecture,
    at,
    ...(notBefore === undefined ? {} : { notBefore }),
  });
  return { ...verified, request, release };
}
