import { randomUUID } from 'node:crypto';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@colophon/core';
import { durable } from '@colophon/store';
import { ociErrors } from '../errors.ts';

/** Uploads under way: one file each, `REPOSITORY-HASHLESS-ID`. An upload is not durable until it is finished; after a crash its size on disk is what was received. */
export interface Uploads {
  start(repository: string): string;
  /** Bytes received; OCI_BLOB_UPLOAD_UNKNOWN. */
  size(repository: string, id: string): Promise<number>;
  /** Appends a chunk; `start`, if given, must be what was received so far (OCI_RANGE_INVALID). Gives the size after it. One chunk at a time. */
  append(repository: string, id: string, data: AsyncIterable<Uint8Array>, start?: number): Promise<number>;
  /** The file, for taking over. */
  finish(repository: string, id: string): Promise<string>;
  cancel(repository: string, id: string): Promise<void>;
  /** Removes uploads that nothing was added to for so many milliseconds. */
  expire(age: number): Promise<number>;
}

export async function openUploads(directory: string, limit: number): Promise<Uploads> {
  await durable.createDirectory(directory);
  const owners = new Map<string, string>();
  const busy = new Set<string>();

  async function path(repository: string, id: string): Promise<string> {
    // The id comes from a URL: only what we made passes, and only for its repository.
    if (/^[0-9a-f-]{36}$/.test(id) && owners.get(id) === repository) return join(directory, id);
    throw ociErrors.error('OCI_BLOB_UPLOAD_UNKNOWN', `there is no upload ${JSON.stringify(id.slice(0, 60))} in ${repository}`);
  }

  async function size(repository: string, id: string): Promise<number> {
    const target = await path(repository, id);
    return (await stat(target).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? { size: 0 } : Promise.reject(error)))).size;
  }

  return {
    start(repository) {
      const id = randomUUID();
      owners.set(id, repository);
      return id;
    },
    size,
    async append(repository, id, data, start) {
      const target = await path(repository, id);
      if (busy.has(id)) throw ociErrors.error('OCI_BLOB_UPLOAD_INVALID', 'another chunk of this upload is under way');
      busy.add(id);
      try {
        let length = await size(repository, id);
        if (start !== undefined && start !== length)
          throw ociErrors.error('OCI_RANGE_INVALID', `the upload has ${length} bytes; the chunk begins at ${start}`);
        const handle = await open(target, 'a', 0o600);
        try {
          for await (const chunk of data) {
            length += chunk.length;
            if (length > limit) throw ociErrors.error('OCI_TOO_LARGE', `the upload is larger than ${limit} bytes`);
            await handle.writeFile(chunk);
          }
        } finally {
          await handle.close();
        }
        return length;
      } finally {
        busy.delete(id);
      }
    },
    async finish(repository, id) {
      const target = await path(repository, id);
      if (busy.has(id)) throw ociErrors.error('OCI_BLOB_UPLOAD_INVALID', 'a chunk of this upload is under way');
      await (await open(target, 'a', 0o600)).close();
      return target;
    },
    async cancel(repository, id) {
      const target = await path(repository, id);
      owners.delete(id);
      await rm(target, { force: true });
    },
    async expire(age) {
      let removed = 0;
      for (const name of await readdir(directory)) {
        const found = await stat(join(directory, name)).catch(() => undefined);
        if (found === undefined || busy.has(name) || Date.now() - found.mtimeMs < age) continue;
        owners.delete(name);
        await rm(join(directory, name), { force: true });
        removed += 1;
      }
      return removed;
    },
  };
}
