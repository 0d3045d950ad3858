import { digestOf, isDigest, parseDigest, type Digest, type DigestAlgorithm } from '@colophon/core';
import type { BlobStore, Database } from '@colophon/store';
import { ociErrors } from '../errors.ts';
import { isRepositoryName, isTag } from '../reference/reference.ts';
import { artifactTypeOf, manifestLimit, parseManifest, references, subjectOf, type Descriptor, type Index } from '../types/manifest.ts';
import { isForeignLayer, manifestTypes, mediaTypes } from '../types/media-types.ts';
import type { ManifestRow } from './tables.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface PutManifestOptions {
  /** A tag, or the digest that the content must have. */
  readonly reference: string;
  readonly mediaType?: string;
  /** With a tag: only if it points there now (undefined: only if it does not exist). OCI_TAG_MOVED otherwise. */
  readonly expected?: { readonly digest: Digest | undefined };
  /** Opaque: who pushed. */
  readonly subject?: string;
  /** For a tag: the algorithm of the digest. */
  readonly algorithm?: DigestAlgorithm;
}

/**
 * A registry (OCI distribution-spec 1.1) on a blob store and a database: the same methods behind HTTP and for callers in this process. What a method
 * has resolved is on disk. A blob belongs to the repositories that it was pushed or mounted to; the content is kept once.
 */
export interface Registry {
  putBlob(
    repository: string,
    data: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { expected?: Digest; limit?: number },
  ): Promise<Descriptor>;
  /** Takes over a finished upload's file. */
  adoptBlob(repository: string, path: string, expected: Digest): Promise<Descriptor>;
  /** Gives a repository a blob that another (or, without `from`, any that `mayRead` allows) has; false if there is none. */
  mountBlob(repository: string, digest: Digest, from?: string, mayRead?: (repository: string) => boolean): Promise<boolean>;
  statBlob(repository: string, digest: Digest): Promise<{ size: number } | undefined>;
  readBlob(digest: Digest, range?: { start: number; end: number }): AsyncIterable<Uint8Array>;
  deleteBlob(repository: string, digest: Digest): Promise<boolean>;
  putManifest(repository: string, bytes: Uint8Array, options: PutManifestOptions): Promise<{ digest: Digest; subject: Digest | undefined }>;
  getManifest(repository: string, reference: string): Promise<StoredManifest | undefined>;
  /** By digest: with every tag that points to it. By tag: the tag alone. */
  deleteManifest(repository: string, reference: string): Promise<boolean>;
  /** Ordered bytewise; at most `limit` after `last`. Undefined: no such repository. */
  tags(repository: string, options?: { limit?: number; last?: string }): Promise<string[] | undefined>;
  referrers(repository: string, digest: Digest, artifactType?: string): Promise<Index>;
  repositories(options?: { limit?: number; last?: string }): Promise<string[]>;
  /** Every digest that some repository names, for the collector of garbage. */
  liveDigests(): AsyncIterable<Digest>;
}

export function createRegistry({ blobs, database }: { blobs: BlobStore; database: Database }): Registry {
  const known = { sql: 'INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)' };

  async function remember(repository: string, digest: Digest, size: number): Promise<Descriptor> {
    await database.run(known.sql, [repository, digest, size]);
    return { mediaType: 'application/octet-stream', digest, size };
  }

  async function statBlob(repository: string, digest: Digest): Promise<{ size: number } | undefined> {
    return database.get<{ size: number }>('SELECT size FROM blobs WHERE repository = ? AND digest = ?', [repository, digest]);
  }

  async function row(repository: string, reference: string): Promise<ManifestRow | undefined> {
    if (isDigest(reference))
      return database.get<ManifestRow>('SELECT * FROM manifests WHERE repository = ? AND digest = ?', [repository, reference]);
    return database.get<ManifestRow>(
      'SELECT manifests.* FROM tags JOIN manifests USING (repository, digest) WHERE tags.repository = ? AND tags.tag = ?',
      [repository, reference],
    );
  }

  async function checkReferences(repository: string, wanted: readonly Descriptor[]): Promise<void> {
    for (const { digest, mediaType } of wanted) {
      if (isForeignLayer(mediaType)) continue;
      const found = manifestTypes.includes(mediaType)
        ? ((await row(repository, digest)) ?? (await statBlob(repository, digest)))
        : await statBlob(repository, digest);
      if (found === undefined)
        throw ociErrors.error('OCI_MANIFEST_BLOB_UNKNOWN', `the manifest names ${digest}, which ${repository} does not have`, {
          details: { digest },
        });
    }
  }

  async function moveTag(
    repository: string,
    tag: string,
    digest: Digest,
    expected: PutManifestOptions['expected'],
    before: readonly { sql: string; params: readonly (string | number | null)[] }[],
  ): Promise<void> {
    if (expected === undefined) {
      await database.batch([...before, { sql: 'INSERT OR REPLACE INTO tags VALUES (?, ?, ?)', params: [repository, tag, digest] }]);
      return;
    }
    const move =
      expected.digest === undefined
        ? { sql: 'INSERT OR IGNORE INTO tags VALUES (?, ?, ?)', params: [repository, tag, digest] }
        : {
            sql: 'UPDATE tags SET digest = ? WHERE repository = ? AND tag = ? AND digest = ?',
            params: [digest, repository, tag, expected.digest],
          };
    const results = await database.batch([...before, move]);
    if (results.at(-1)?.changes === 0) throw ociErrors.error('OCI_TAG_MOVED', `${repository}:${tag} is not where it was`);
  }

  return {
    statBlob,
    async putBlob(repository, data, options = {}) {
      checkName(repository);
      const { digest, size } = await blobs.put(data, options);
      return remember(repository, digest, size);
    },
    async adoptBlob(repository, path, expected) {
      checkName(repository);
      const { digest, size } = await blobs.putFile(path, { expected, move: true });
      return remember(repository, digest, size);
    },
    async mountBlob(repository, digest, from, mayRead) {
      checkName(repository);
      const owners = await database.all<{ repository: string; size: number }>(
        'SELECT repository, size FROM blobs WHERE digest = ? LIMIT 1000',
        [digest],
      );
      const owner = owners.find(
        (candidate) => (from === undefined || candidate.repository === from) && (mayRead?.(candidate.repository) ?? true),
      );
      if (owner === undefined || (await blobs.stat(digest)) === undefined) return false;
      await remember(repository, digest, owner.size);
      return true;
    },
    readBlob: (digest, range) => blobs.read(digest, range),
    async deleteBlob(repository, digest) {
      return (await database.run('DELETE FROM blobs WHERE repository = ? AND digest = ?', [repository, digest])).changes > 0;
    },
    async putManifest(repository, bytes, { reference, mediaType, expected, subject: pusher = '', algorithm = 'sha256' }) {
      checkName(repository);
      const named = isDigest(reference) ? parseDigest(reference) : undefined;
      if (named === undefined && !isTag(reference))
        throw ociErrors.error('OCI_TAG_INVALID', `not a tag or digest: ${JSON.stringify(reference.slice(0, 200))}`);
      if (bytes.length > manifestLimit)
        throw ociErrors.error('OCI_TOO_LARGE', `the manifest has ${bytes.length} bytes; the limit is ${manifestLimit}`);
      const digest = digestOf(bytes, named?.algorithm ?? algorithm);
      if (named !== undefined && named.digest !== digest)
        throw ociErrors.error('OCI_DIGEST_INVALID', `the manifest pushed as ${reference} is ${digest}`);
      const parsed = parseManifest(bytes, mediaType);
      await checkReferences(repository, references(parsed));
      await blobs.put(bytes, { expected: digest });
      const subject = subjectOf(parsed)?.digest;
      const annotations = parsed.kind === 'index' ? parsed.index.annotations : parsed.manifest.annotations;
      const insert = {
        sql: `INSERT INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET media_type = excluded.media_type`,
        params: [
          repository,
          digest,
          parsed.mediaType,
          bytes.length,
          subject ?? null,
          artifactTypeOf(parsed) ?? null,
          annotations === undefined || annotations === null ? null : JSON.stringify(annotations),
          pusher,
          new Date().toISOString(),
        ],
      };
      if (named === undefined) await moveTag(repository, reference, digest, expected, [insert]);
      else await database.batch([insert]);
      return { digest, subject };
    },
    async getManifest(repository, reference) {
      const found = await row(repository, reference);
      if (found === undefined) return undefined;
      const digest = found.digest as Digest;
      return { digest, mediaType: found.media_type, bytes: await blobs.bytes(digest, manifestLimit) };
    },
    async deleteManifest(repository, reference) {
      if (!isDigest(reference))
        return (await database.run('DELETE FROM tags WHERE repository = ? AND tag = ?', [repository, reference])).changes > 0;
      const [, removed] = await database.batch([
        { sql: 'DELETE FROM tags WHERE repository = ? AND digest = ?', params: [repository, reference] },
        { sql: 'DELETE FROM manifests WHERE repository = ? AND digest = ?', params: [repository, reference] },
      ]);
      return (removed?.changes ?? 0) > 0;
    },
    async tags(repository, { limit = -1, last = '' } = {}) {
      const rows = await database.all<{ tag: string }>('SELECT tag FROM tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?', [
        repository,
        last,
        limit,
      ]);
      if (rows.length > 0) return rows.map(({ tag }) => tag);
      const present = await database.get(
        'SELECT 1 AS present WHERE EXISTS (SELECT 1 FROM manifests WHERE repository = ?) OR EXISTS (SELECT 1 FROM blobs WHERE repository = ?)',
        [repository, repository],
      );
      return present === undefined ? undefined : [];
    },
    async referrers(repository, digest, artifactType) {
      const rows = await database.all<ManifestRow>(
        'SELECT * FROM manifests WHERE repository = ? AND subject = ? AND (? IS NULL OR artifact_type = ?) ORDER BY pushed_at, digest',
        [repository, digest, artifactType ?? null, artifactType ?? null],
      );
      const manifests = rows.map((found): Descriptor => ({
        mediaType: found.media_type,
        digest: found.digest as Digest,
        size: found.size,
        ...(found.artifact_type === null ? {} : { artifactType: found.artifact_type }),
        ...(found.annotations === null ? {} : { annotations: JSON.parse(found.annotations) as Record<string, string> }),
      }));
      return { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    },
    async repositories({ limit = -1, last = '' } = {}) {
      const rows = await database.all<{ repository: string }>(
        'SELECT DISTINCT repository FROM manifests WHERE repository > ? ORDER BY repository LIMIT ?',
        [last, limit],
      );
      return rows.map(({ repository }) => repository);
    },
    async *liveDigests() {
      for (const table of ['blobs', 'manifests']) {
        for (const { digest } of await database.all<{ digest: Digest }>(`SELECT DISTINCT digest FROM ${table}`)) yield digest;
      }
    },
  };
}

function checkName(repository: string): void {
  if (!isRepositoryName(repository))
    throw ociErrors.error('OCI_NAME_INVALID', `not a repository name: ${JSON.stringify(repository.slice(0, 300))}`);
}
