import { createHash, randomUUID } from 'node:crypto';
import { closeSync, constants, createReadStream, fsync, open as openCallback, writeFile } from 'node:fs';
import { open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { digestStream, errorCode, isDigest, parseDigest, type Digest, type DigestAlgorithm } from '@colophon/core';
import { diskError, durable } from '../durable/durable.ts';
import { storeErrors } from '../errors.ts';

/** Bytes. */
const smallContent = 1 << 16;
/** Digests of what was put last; a hint only. */
const remembered = 10_000;

// Plain descriptors: a file handle costs as much again as what is done with it here.
const openFile = promisify(openCallback);
const writeAll = promisify(writeFile) as (descriptor: number, data: Uint8Array) => Promise<void>;
const syncFile = promisify(fsync);

/**
 * Content by its digest, `DIRECTORY/sha256/ab/HEX`. What `put` has resolved is on disk under its final name, complete; a blob that can be read was
 * complete when it got its name. Concurrent writers of one digest are safe: whoever comes second finds it there.
 */
export interface BlobStore {
  stat(digest: Digest): Promise<{ size: number } | undefined>;
  /** Streams in, hashes, syncs, names. With `expected`, a mismatch throws STORE_BLOB_MISMATCH and nothing is kept. `limit`: bytes. */
  put(
    data: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { expected?: Digest; limit?: number },
  ): Promise<{ digest: Digest; size: number }>;
  /** Copies a file in. With `move` the file itself becomes the blob, without a copy: on the same file system, and nobody else may hold it open. */
  putFile(path: string, options?: { expected?: Digest; move?: boolean }): Promise<{ digest: Digest; size: number }>;
  /** `end` is inclusive. STORE_BLOB_UNKNOWN. */
  read(digest: Digest, range?: { start: number; end: number }): AsyncIterable<Uint8Array>;
  bytes(digest: Digest, limit?: number): Promise<Buffer>;
  path(digest: Digest): string;
  /** False if it was not there. */
  delete(digest: Digest): Promise<boolean>;
  list(): AsyncIterable<{ digest: Digest; size: number; modified: number }>;
}

export async function openBlobStore(directory: string): Promise<BlobStore> {
  const incoming = join(directory, 'incoming');
  await durable.createDirectory(incoming);
  await sweep(incoming);
  const known = new Set<string>();
  const recent = new Set<Digest>();

  const path = (digest: Digest): string => {
    const { algorithm, hex } = parseDigest(digest);
    return join(directory, algorithm, hex.slice(0, 2), hex);
  };

  async function exists(digest: Digest): Promise<{ size: number } | undefined> {
    try {
      const { size } = await stat(path(digest));
      return { size };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async function name(temporary: string, digest: Digest): Promise<void> {
    const target = path(digest);
    const folder = target.slice(0, target.lastIndexOf('/'));
    if (!known.has(folder)) {
      await durable.createDirectory(folder);
      known.add(folder);
    }
    if (temporary !== target) await rename(temporary, target).catch((error: unknown) => Promise.reject(diskError(error, target)));
    // Also when it was there: another writer may have made the name and not synced it yet.
    await durable.syncDirectory(folder);
  }

  function remember(digest: Digest): void {
    recent.add(digest);
    const [oldest] = recent;
    if (recent.size > remembered && oldest !== undefined) recent.delete(oldest);
  }

  function check(found: Digest, expected: Digest | undefined): void {
    if (expected === undefined || found === expected) return;
    throw storeErrors.error('STORE_BLOB_MISMATCH', `content announced as ${expected} is ${found}`, { details: { expected, found } });
  }

  /** Fills a file of no name yet, syncs it, names it. Nothing is left of one that could not be filled. */
  async function keep(fill: (descriptor: number) => Promise<{ digest: Digest; size: number }>): Promise<{ digest: Digest; size: number }> {
    const temporary = join(incoming, `.${randomUUID()}.tmp`);
    try {
      const descriptor = await openFile(temporary, 'wx', 0o600);
      try {
        const found = await fill(descriptor);
        await syncFile(descriptor);
        await name(temporary, found.digest);
        return found;
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      await rm(temporary, { force: true });
      throw diskError(error, temporary);
    }
  }

  const putBytes = (data: Uint8Array, digest: Digest, limit: number | undefined) =>
    keep(async (descriptor) => {
      checkSize(data.length, limit);
      await writeAll(descriptor, data);
      return { digest, size: data.length };
    });

  const putStream = (data: AsyncIterable<Uint8Array>, algorithm: DigestAlgorithm, options: { expected?: Digest; limit?: number }) =>
    keep(async (descriptor) => {
      const hash = createHash(algorithm);
      let size = 0;
      for await (const chunk of data) {
        size += chunk.length;
        checkSize(size, options.limit);
        hash.update(chunk);
        await writeAll(descriptor, chunk);
      }
      const digest: Digest = `${algorithm}:${hash.digest('hex')}`;
      check(digest, options.expected);
      return { digest, size };
    });

  return {
    path,
    stat: exists,
    async put(data, options = {}) {
      const algorithm = options.expected === undefined ? 'sha256' : parseDigest(options.expected).algorithm;
      if (!(data instanceof Uint8Array)) return putStream(data, algorithm, options);
      const digest: Digest = `${algorithm}:${createHash(algorithm).update(data).digest('hex')}`;
      check(digest, options.expected);
      // Small content that this process has not written is nearly always new: then looking first is in vain, and if not, it is written again.
      const present = data.length > smallContent || recent.has(digest) ? await exists(digest) : undefined;
      remember(digest);
      if (present?.size !== data.length) return putBytes(data, digest, options.limit);
      await name(path(digest), digest);
      return { digest, size: data.length };
    },
    async putFile(from, options = {}) {
      const algorithm = options.expected === undefined ? 'sha256' : parseDigest(options.expected).algorithm;
      // A link could lead anywhere: what is hashed must be what is named.
      const handle = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        if (!(await handle.stat()).isFile()) throw storeErrors.error('STORE_INVALID', `${from} is not a file`);
        const content = handle.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>;
        // Without `move` a copy, not a link: whoever still holds the file open could change what has been hashed.
        if (options.move !== true) return await putStream(content, algorithm, options);
        const found = await digestStream(content, algorithm);
        check(found.digest, options.expected);
        await handle.sync();
        await name(from, found.digest);
        await durable.removeFile(from);
        return found;
      } finally {
        await handle.close();
      }
    },
    async *read(digest, range) {
      try {
        for await (const chunk of createReadStream(path(digest), { highWaterMark: 1 << 18, ...range })) yield chunk as Uint8Array;
      } catch (error) {
        throw unknown(error, digest);
      }
    },
    async bytes(digest, limit = 64 << 20) {
      const found = await exists(digest);
      if (found !== undefined && found.size > limit)
        throw storeErrors.error('STORE_BLOB_TOO_LARGE', `${digest} has ${found.size} bytes; the limit is ${limit}`);
      return readFile(path(digest)).catch((error: unknown) => Promise.reject(unknown(error, digest)));
    },
    async delete(digest) {
      if ((await exists(digest)) === undefined) return false;
      await durable.removeFile(path(digest));
      return true;
    },
    async *list() {
      for (const algorithm of ['sha256', 'sha384', 'sha512']) {
        for (const folder of await names(join(directory, algorithm))) {
          for (const hex of await names(join(directory, algorithm, folder))) {
            const digest = `${algorithm}:${hex}`;
            const found = isDigest(digest) ? await stat(join(directory, algorithm, folder, hex)).catch(() => undefined) : undefined;
            if (found !== undefined) yield { digest: digest as Digest, size: found.size, modified: found.mtimeMs };
          }
        }
      }
    },
  };
}

/** Removes what dead writers left; a day is longer than any write takes. */
async function sweep(incoming: string): Promise<void> {
  for (const file of await readdir(incoming)) {
    const found = await stat(join(incoming, file)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > 86_400_000) await rm(join(incoming, file), { force: true });
  }
}

function checkSize(size: number, limit: number | undefined): void {
  if (limit !== undefined && size > limit) throw storeErrors.error('STORE_BLOB_TOO_LARGE', `content is larger than ${limit} bytes`);
}

async function names(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? [] : Promise.reject(error)));
}

function unknown(error: unknown, digest: Digest): unknown {
  if (errorCode(error) !== 'ENOENT') return error;
  return storeErrors.error('STORE_BLOB_UNKNOWN', `there is no blob ${digest}`, { cause: error });
}
