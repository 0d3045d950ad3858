import { digestOf, isDigest, parseDigest, type Digest } from '@colophon/core';
import type { BlobStore, Database } from '@colophon/store';
import { ociErrors } from '../errors.ts';
import type { Descriptor } from '../types/descriptor.ts';
import { annotationsOf, artifactTypeOf, manifestLimit, parseManifest, references, subjectOf } from '../types/manifest.ts';
import { isForeignLayer, manifestTypes } from '../types/media-types.ts';
import type { Gate } from './gate.ts';
import { createManifestCache } from './manifest-cache.ts';
import { checkName, checkTag } from './names.ts';
import type { ManifestRow } from './tables.ts';
import { moveTag, type Immutable } from './tags.ts';
import type { ManifestInfo, Registry } from './types.ts';

type ManifestMethods = Pick<Registry, 'putManifest' | 'updateTag' | 'statManifest' | 'getManifest' | 'deleteManifest'>;

export function manifestMethods(blobs: BlobStore, database: Database, gate: Gate, immutable: Immutable): ManifestMethods {
  const cache = createManifestCache();

  async function row(repository: string, reference: string): Promise<ManifestRow | undefined> {
    if (isDigest(reference))
      return database.get<ManifestRow>('SELECT * FROM manifests WHERE repository = ? AND digest = ?', [repository, reference]);
    return database.get<ManifestRow>(
      'SELECT manifests.* FROM tags JOIN manifests USING (repository, digest) WHERE tags.repository = ? AND tags.tag = ?',
      [repository, reference],
    );
  }

  const putManifest: Registry['putManifest'] = async (repository, bytes, options) => {
    checkName(repository);
    const { reference, subject: pusher = '' } = options;
    const wanted = isDigest(reference) ? parseDigest(reference) : undefined;
    if (wanted === undefined) checkTag(reference);
    if (bytes.length > manifestLimit)
      throw ociErrors.error('OCI_TOO_LARGE', `the manifest has ${bytes.length} bytes; the limit is ${manifestLimit}`);
    const digest = digestOf(bytes, wanted?.algorithm ?? options.algorithm ?? 'sha256');
    if (wanted !== undefined && wanted.digest !== digest)
      throw ociErrors.error('OCI_DIGEST_INVALID', `the manifest pushed as ${reference} is ${digest}`, { details: { digest } });
    const parsed = parseManifest(bytes, options.mediaType);
    if (!manifestTypes.includes(parsed.mediaType))
      throw ociErrors.error('OCI_MANIFEST_INVALID', `manifests of type ${parsed.mediaType.slice(0, 200)} are not kept here`);
    await checkReferences(database, repository, references(parsed));
    const subject = subjectOf(parsed)?.digest;
    const annotations = annotationsOf(parsed);
    const now = new Date().toISOString();
    const insert = {
      // Who comes second with the same bytes changes nothing.
      sql: 'INSERT INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      params: [
        repository,
        digest,
        parsed.mediaType,
        bytes.length,
        subject ?? null,
        artifactTypeOf(parsed) ?? null,
        annotations === undefined ? null : JSON.stringify(annotations),
        pusher,
        now,
      ],
    };
    // As a whole: between its arrival and its name the collector could take it.
    await gate.share(digest, async () => {
      await blobs.put(bytes, { expected: digest });
      if (wanted !== undefined) await database.batch([insert]);
      else await moveTag(database, { repository, tag: reference, digest, pusher, now }, options.expected, immutable, [insert]);
    });
    cache.put(digest, Buffer.from(bytes));
    return { digest, subject };
  };

  return {
    putManifest,
    async updateTag(repository, tag, expected, { bytes, mediaType, subject }) {
      const options = { ...(mediaType === undefined ? {} : { mediaType }), ...(subject === undefined ? {} : { subject }) };
      checkTag(tag);
      return (await putManifest(repository, bytes, { reference: tag, expected: { digest: expected }, ...options })).digest;
    },
    async statManifest(repository, reference) {
      const found = await row(repository, reference);
      return found === undefined ? undefined : infoOf(found);
    },
    async getManifest(repository, reference) {
      const found = await row(repository, reference);
      if (found === undefined) return undefined;
      const info = infoOf(found);
      const bytes = cache.get(info.digest) ?? (await blobs.bytes(info.digest, manifestLimit));
      cache.put(info.digest, bytes);
      return { ...info, bytes };
    },
    async deleteManifest(repository, reference) {
      const byDigest = isDigest(reference);
      const tags = byDigest
        ? await database.all<{ tag: string }>('SELECT tag FROM tags WHERE repository = ? AND digest = ?', [repository, reference])
        : [{ tag: reference }];
      const fixed = tags.find(({ tag }) => immutable(repository, tag));
      if (fixed !== undefined && (await row(repository, fixed.tag)) !== undefined)
        throw ociErrors.error('OCI_TAG_IMMUTABLE', `${repository}:${fixed.tag} may not be removed`);
      if (!byDigest) return (await database.run('DELETE FROM tags WHERE repository = ? AND tag = ?', [repository, reference])).changes > 0;
      const [, removed] = await database.batch([
        { sql: 'DELETE FROM tags WHERE repository = ? AND digest = ?', params: [repository, reference] },
        { sql: 'DELETE FROM manifests WHERE repository = ? AND digest = ?', params: [repository, reference] },
      ]);
      return (removed?.changes ?? 0) > 0;
    },
  };
}

function infoOf(row: ManifestRow): ManifestInfo {
  return { digest: row.digest as Digest, mediaType: row.media_type, size: row.size, pushedBy: row.pushed_by, pushedAt: row.pushed_at };
}

/** Everything that a manifest names must be in its repository, with the size that it says. */
async function checkReferences(database: Database, repository: string, wanted: readonly Descriptor[]): Promise<void> {
  const rows = await database.all<{ digest: Digest; size: number; manifest: number }>(
    `SELECT digest, size, 0 AS manifest FROM blobs WHERE repository = ?1 AND digest IN (SELECT value FROM json_each(?2))
     UNION ALL SELECT digest, size, 1 FROM manifests WHERE repository = ?1 AND digest IN (SELECT value FROM json_each(?2))`,
    [repository, JSON.stringify([...new Set(wanted.map(({ digest }) => digest))])],
  );
  const blobs = new Map(rows.filter(({ manifest }) => manifest === 0).map(({ digest, size }) => [digest, size]));
  const manifests = new Map(rows.filter(({ manifest }) => manifest === 1).map(({ digest, size }) => [digest, size]));
  for (const { digest, mediaType, size } of wanted) {
    const found = (manifestTypes.includes(mediaType) ? manifests.get(digest) : undefined) ?? blobs.get(digest);
    if (found === undefined && isForeignLayer(mediaType)) continue;
    if (found === undefined)
      throw ociErrors.error('OCI_MANIFEST_BLOB_UNKNOWN', `the manifest names ${digest}, which ${repository} does not have`, {
        details: { digest },
      });
    if (found !== size)
      throw ociErrors.error('OCI_MANIFEST_INVALID', `the manifest says that ${digest} has ${size} bytes; it has ${found}`, {
        details: { digest, expected: size, found },
      });
  }
}
