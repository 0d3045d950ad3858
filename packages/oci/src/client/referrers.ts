import { parseDigest, type Digest } from '@colophon/core';
import { readLimited, streamChunks } from '../content/stream.ts';
import { ociErrors } from '../errors.ts';
import type { Descriptor, Index } from '../types/descriptor.ts';
import { manifestLimit, parseManifest } from '../types/manifest.ts';
import { mediaTypes } from '../types/media-types.ts';
import { discard, failure } from './failure.ts';
import { nextPage } from './pages.ts';
import { fetchManifest } from './pull.ts';
import type { Transport } from './transport.ts';

/** distribution-spec, "Referrers Tag Schema": the algorithm cut at 32 characters, the hash at 64. */
export function fallbackTag(digest: Digest): string {
  const { algorithm, hex } = parseDigest(digest);
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
}

/** The list from the referrers API, all pages; undefined if the registry has none. */
async function fromApi(transport: Transport, repository: string, digest: Digest): Promise<Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let path: string | undefined = `/v2/${repository}/referrers/${digest}`;
  for (let page = 0; path !== undefined; page += 1) {
    if (page >= 1000) throw ociErrors.error('OCI_REGISTRY_FAILED', `${transport.base.host} lists referrers without end`);
    const response: Response = await transport.send({ method: 'GET', path, repository, headers: { accept: mediaTypes.index } });
    // 404 is the specification's word for "not offered"; older registries do not know the path at all.
    if (page === 0 && [400, 404, 405, 406, 501].includes(response.status)) return absent(response);
    if (response.status !== 200) throw await failure(response, transport.base.host, `referrers of ${repository}@${digest}`);
    const type = response.headers.get('content-type')?.split(';')[0]?.trim();
    if (page === 0 && type !== mediaTypes.index) return absent(response);
    const bytes = await readLimited(streamChunks(response.body, transport.idle), manifestLimit, 'the list of referrers');
    const parsed = parseManifest(bytes, mediaTypes.index);
    if (parsed.kind === 'index') found.push(...parsed.index.manifests);
    path = nextPage(response, transport.base);
  }
  return found;
}

async function absent(response: Response): Promise<undefined> {
  await discard(response);
  return undefined;
}

async function fromTag(transport: Transport, repository: string, digest: Digest): Promise<readonly Descriptor[]> {
  const fallback = await fetchManifest(transport, repository, fallbackTag(digest));
  return fallback?.parsed.kind === 'index' ? fallback.parsed.index.manifests : [];
}

export interface Referrers {
  list(repository: string, digest: Digest): Promise<readonly Descriptor[]>;
  /** Keeps the list of a registry without the API; at most one change at a time for each subject. */
  addToTag(repository: string, subject: Digest, descriptor: Descriptor): Promise<void>;
  /** Takes an entry out again, if the registry does not keep the list itself. */
  removeFromTag(repository: string, subject: Digest, digest: Digest): Promise<void>;
}

export function createReferrers(
  transport: Transport,
  pushIndex: (repository: string, tag: string, bytes: Uint8Array) => Promise<unknown>,
): Referrers {
  const turns = new Map<string, Promise<unknown>>();

  function inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const result = (turns.get(key) ?? Promise.resolve()).then(work, work);
    const settled = result.catch(() => {});
    turns.set(key, settled);
    return result.finally(() => {
      if (turns.get(key) === settled) turns.delete(key);
    });
  }

  /** Writes, and looks whether somebody else wrote over it; then again. */
  async function change(repository: string, subject: Digest, wanted: (listed: readonly Descriptor[]) => readonly Descriptor[] | undefined) {
    const tag = fallbackTag(subject);
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      const manifests = wanted(await fromTag(transport, repository, subject));
      if (manifests === undefined) return;
      const index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
      await pushIndex(repository, tag, Buffer.from(JSON.stringify(index)));
      // The next round looks. Who was written over before waits, so that two do not go on doing it to each other.
      if (attempt > 1) await transport.pause(Math.min(attempt, 3));
    }
    throw ociErrors.error('OCI_TAG_MOVED', `${transport.base.host}/${repository}:${tag} is written by others all the time`);
  }

  return {
    async list(repository, digest) {
      return (await fromApi(transport, repository, digest)) ?? fromTag(transport, repository, digest);
    },
    addToTag: (repository, subject, descriptor) =>
      inTurn(`${repository} ${subject}`, () =>
        change(repository, subject, (listed) =>
          listed.some(({ digest }) => digest === descriptor.digest) ? undefined : [...listed, descriptor],
        ),
      ),
    async removeFromTag(repository, subject, digest) {
      if ((await fromApi(transport, repository, subject)) !== undefined) return;
      await inTurn(`${repository} ${subject}`, () =>
        change(repository, subject, (listed) =>
          listed.some((entry) => entry.digest === digest) ? listed.filter((entry) => entry.digest !== digest) : undefined,
        ),
      );
    },
  };
}
