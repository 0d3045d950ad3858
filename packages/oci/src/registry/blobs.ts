import { digestOf, errorCode, type Digest } from '@colophon/core';
import type { BlobStore, Database } from '@colophon/store';
import { ociErrors } from '../errors.ts';
import type { Descriptor } from '../types/descriptor.ts';
import type { Gate } from './gate.ts';
import { checkName } from './names.ts';
import type { Registry } from './types.ts';

type BlobMethods = Pick<
  Registry,
  'putBlob' | 'adoptBlob' | 'mountBlob' | 'statBlob' | 'readBlob' | 'blobBytes' | 'deleteBlob' | 'liveDigests' | 'collect'
>;

/** Blobs of repositories: rows in the database over content that the store keeps once. */
export function blobMethods(blobs: BlobStore, database: Database, gate: Gate): BlobMethods {
  async function insert(repository: string, digest: Digest, size: number): Promise<Descriptor> {
    await database.run('INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)', [repository, digest, size]);
    return { mediaType: 'application/octet-stream', digest, size };
  }

  const remember = (repository: string, digest: Digest): Promise<Descriptor> =>
    named(blobs, gate, digest, (size) => insert(repository, digest, size));

  return {
    async putBlob(repository, data, options = {}) {
      checkName(repository);
      if (!(data instanceof Uint8Array)) return remember(repository, (await uncollected(blobs.put(data, options))).digest);
      // Short enough to keep the collector away from beginning to end.
      const digest = options.expected ?? digestOf(data);
      return gate.share(digest, async () => insert(repository, digest, (await blobs.put(data, options)).size));
    },
    async adoptBlob(repository, path, expected) {
      checkName(repository);
      const { digest } = await uncollected(blobs.putFile(path, { expected, move: true }));
      return remember(repository, digest);
    },
    async mountBlob(repository, digest, from, mayRead) {
      checkName(repository);
      const owners = await database.all<{ repository: string }>(
        'SELECT repository FROM blobs WHERE digest = ?1 AND (?2 IS NULL OR repository = ?2) ORDER BY repository = ?3 DESC LIMIT 1000',
        [digest, from ?? null, repository],
      );
      for (const owner of owners) {
        if (mayRead !== undefined && !(await mayRead(owner.repository))) continue;
        await remember(repository, digest);
        return true;
      }
      return false;
    },
    statBlob: (repository, digest) =>
      database.get<{ size: number }>('SELECT size FROM blobs WHERE repository = ? AND digest = ?', [repository, digest]),
    readBlob: (digest, range) => blobs.read(digest, range),
    blobBytes: (digest) => blobs.bytes(digest),
    async deleteBlob(repository, digest) {
      return (await database.run('DELETE FROM blobs WHERE repository = ? AND digest = ?', [repository, digest])).changes > 0;
    },
    async *liveDigests() {
      for (const table of ['blobs', 'manifests']) {
        for (let last = ''; ;) {
          const page = await database.all<{ digest: Digest }>(
            `SELECT DISTINCT digest FROM ${table} WHERE digest > ? ORDER BY digest LIMIT 10000`,
            [last],
          );
          for (const { digest } of page) yield digest;
          if (page.length === 0) break;
          last = page.at(-1)?.digest ?? '';
        }
      }
    },
    collect: (digest) =>
      gate.exclude(digest, async () => {
        const owner = await database.get(
          'SELECT 1 FROM blobs WHERE digest = ?1 UNION ALL SELECT 1 FROM manifests WHERE digest = ?1 LIMIT 1',
          [digest],
        );
        return owner === undefined && blobs.delete(digest);
      }),
  };
}

/**
 * Gives content a name in the database, while nobody may collect it: `work` runs only if it is still there. Between its arrival and now it had no
 * name, or a name that was taken away.
 */
async function named<Result>(blobs: BlobStore, gate: Gate, digest: Digest, work: (size: number) => Promise<Result>): Promise<Result> {
  return gate.share(digest, async () => {
    const found = await blobs.stat(digest);
    if (found === undefined) throw collected(digest);
    return work(found.size);
  });
}

/** A long push does not hold the collector up; it may so lose the content that it found there, in the middle of the store's work. */
async function uncollected<Result>(work: Promise<Result>): Promise<Result> {
  return work.catch((error: unknown) => Promise.reject(errorCode(error) === 'ENOENT' ? collected('the content') : error));
}

function collected(what: string): Error {
  return ociErrors.error('OCI_BLOB_UNKNOWN', `${what} was collected while it was pushed`, { status: 503, hint: 'Push it again.' });
}
