import { setTimeout as sleep } from 'node:timers/promises';
import { digestStream, isColophonError } from '@colophon/core';
import type { Mirrors } from '../archive/apt-sources.ts';
import { debianErrors } from '../errors.ts';
import type { DebianCache } from './cache.ts';
import { AttemptError, get, type HttpOptions } from './http.ts';
import { mirrorName, mirrorsOf, mirrorUrl, type ArchiveName } from './mirrors.ts';
import { openPartial, type Partial } from './partial.ts';

/** Bytes that somebody vouched for, and where a mirror may have them. */
export interface BlobRequest {
  readonly archive: ArchiveName;
  /** Tried in turn at each mirror: by-hash first, then by name. */
  readonly paths: readonly string[];
  readonly sha256: string;
  readonly size: number;
  /** How it is called in messages. */
  readonly what: string;
}

export interface DownloadOptions extends HttpOptions {
  readonly mirrors: Mirrors;
  /** How often all mirrors are tried. Default: 4. */
  readonly rounds?: number;
  /** Milliseconds before the second round; doubled for each further one, at most 10,000. Default: 500. */
  readonly backOff?: number;
  /** Called with the number of bytes that were just received. */
  readonly onBytes?: (count: number) => void;
}

interface Mirror {
  readonly base: string;
  paths: string[];
}

/**
 * Puts the blob into the cache unless it is there. Mirrors are tried in turn; a cut or stalled download is resumed, also
 * at another mirror; no more than `size` bytes are taken; the hash is checked before the blob appears. A mirror that
 * does not have a path, or that gave other bytes, is not asked again for it. A blob put together from several mirrors
 * that has a wrong hash convicts none of them: from then on each download comes from one mirror. Idempotent; who calls
 * need not retry. Throws DEBIAN_FETCH_FAILED with each mirror's reason, DEBIAN_MIRROR_MISSING, or the signal's reason.
 */
export async function downloadBlob(request: BlobRequest, cache: DebianCache, options: DownloadOptions): Promise<void> {
  if ((await cache.blobs.stat(`sha256:${request.sha256}`)) !== undefined) return;
  const mirrors: Mirror[] = mirrorsOf(options.mirrors, request.archive).map((base) => ({ base, paths: [...request.paths] }));
  const partial = await openPartial(cache.partial, request.sha256, request.size);
  const state = { mixed: false, sources: new Set<string>(partial.size() > 0 ? ['an earlier download'] : []) };
  const reasons = new Map<string, string>();
  let keep = true;
  try {
    for (let round = 0; round < (options.rounds ?? 4); round++) {
      if (round > 0)
        await sleep(
          Math.min((options.backOff ?? 500) * 2 ** (round - 1), 10_000),
          undefined,
          options.signal ? { signal: options.signal } : {},
        );
      for (const mirror of mirrors) {
        while (mirror.paths.length > 0) {
          const [path] = mirror.paths as [string];
          try {
            await attempt(mirror.base, path, request, partial, state, options);
            await cache.blobs.putFile(partial.path, { expected: `sha256:${request.sha256}`, move: true }).catch(mismatch);
            keep = false;
            return;
          } catch (error) {
            options.signal?.throwIfAborted();
            if (!(error instanceof AttemptError)) throw error;
            reasons.set(mirrorName(mirror.base), error.message);
            if (error.kind === 'absent') {
              mirror.paths.shift();
              continue;
            }
            if (error.kind === 'lied') {
              if (state.sources.size === 1 && state.sources.has(mirror.base)) mirror.paths = [];
              await restart(partial, state);
            }
            break;
          }
        }
      }
      if (mirrors.every(({ paths }) => paths.length === 0)) break;
    }
  } finally {
    await (keep && partial.size() > 0 ? partial.leave() : partial.discard());
  }
  const details = [...reasons].map(([name, reason]) => `${name}: ${reason}`).join('; ');
  throw debianErrors.error('DEBIAN_FETCH_FAILED', `${request.what} could not be fetched (${details})`, {
    details: { sha256: request.sha256 },
  });
}

/** Whether the cache has the blob, whole. One that was damaged on disk is taken out. */
export async function isSound({ sha256, size }: Pick<BlobRequest, 'sha256' | 'size'>, cache: DebianCache): Promise<boolean> {
  const digest = `sha256:${sha256}` as const;
  const known = await cache.blobs.stat(digest);
  if (known === undefined) return false;
  if (known.size === size && (await digestStream(cache.blobs.read(digest))).digest === digest) return true;
  await cache.blobs.delete(digest);
  return false;
}

interface State {
  /** Set once bytes of several sources together had a wrong hash. */
  mixed: boolean;
  /** Where the bytes of the partial file are from. */
  readonly sources: Set<string>;
}

async function attempt(
  base: string,
  path: string,
  request: BlobRequest,
  partial: Partial,
  state: State,
  options: DownloadOptions,
): Promise<void> {
  if (state.mixed && !state.sources.has(base)) await restart(partial, state, true);
  if (partial.size() === request.size && request.size > 0) return;
  const body = await get(mirrorUrl(base, path), partial.size(), options);
  if (body.start !== partial.size()) await restart(partial, state, state.mixed);
  state.sources.add(base);
  for await (const chunk of body.chunks) {
    if (partial.size() + chunk.length > request.size)
      throw new AttemptError('lied', `it sent more than the ${request.size} bytes that were vouched for`);
    await partial.append(chunk);
    options.onBytes?.(chunk.length);
  }
  if (partial.size() < request.size)
    throw new AttemptError('failed', `the download ended after ${partial.size()} of ${request.size} bytes`);
}

/** Starts over; when the bytes were of more than one source, remembers that mixing went wrong. */
async function restart(partial: Partial, state: State, mixed = state.sources.size > 1 || state.mixed): Promise<void> {
  state.mixed = mixed;
  state.sources.clear();
  await partial.restart();
}

function mismatch(error: unknown): never {
  if (isColophonError(error) && error.code === 'STORE_BLOB_MISMATCH')
    throw new AttemptError('lied', 'it sent bytes with another SHA-256', { cause: error });
  throw error;
}
