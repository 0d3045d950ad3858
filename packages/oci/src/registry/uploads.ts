import { randomUUID } from 'node:crypto';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isColophonError } from '@colophon/core';
import { durable } from '@colophon/store';
import { ociErrors } from '../errors.ts';

/** A chunk's place, both ends inclusive. */
export interface ChunkRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Uploads under way: one file each. Nothing of an upload is promised before it is completed; after a restart it is unknown, and its client begins
 * again. One chunk at a time; a chunk that breaks off leaves what arrived of it.
 */
export interface Uploads {
  /** OCI_TOO_MANY when too many are open. */
  start(repository: string): Promise<string>;
  /** Bytes received; OCI_BLOB_UPLOAD_UNKNOWN. */
  size(repository: string, id: string): Promise<number>;
  /** Appends a chunk, which must be where `range` says and as long (OCI_RANGE_INVALID, and nothing is kept). Gives the size after it. */
  append(repository: string, id: string, data: AsyncIterable<Uint8Array>, range?: ChunkRange): Promise<number>;
  /** The last chunk: hands over the content, as a stream if nothing came before, else as the file; then the upload is no more. */
  complete<Result>(
    repository: string,
    id: string,
    data: AsyncIterable<Uint8Array>,
    range: ChunkRange | undefined,
    take: { stream(data: AsyncIterable<Uint8Array>): Promise<Result>; file(path: string): Promise<Result> },
  ): Promise<Result>;
  cancel(repository: string, id: string): Promise<void>;
  /** Ends uploads that nothing was added to for so many milliseconds; gives how many. `start` does it by itself now and then. */
  expire(age?: number): Promise<number>;
}

export interface UploadsOptions {
  /** Bytes of one upload. Default 16 GiB. */
  readonly limit?: number;
  /** Uploads open at once. Default 2000. */
  readonly count?: number;
  /** Milliseconds without a chunk. Default one hour. */
  readonly age?: number;
}

interface Upload {
  readonly repository: string;
  touched: number;
  busy: boolean;
}

/** `directory` must be on the blob store's file system, and this process's alone: what is in it is removed. */
export async function openUploads(directory: string, options: UploadsOptions = {}): Promise<Uploads> {
  const { limit = 16 * 2 ** 30, count = 2000, age: maximumAge = 3_600_000 } = options;
  const open_ = new Map<string, Upload>();
  let swept = Date.now();
  await durable.createDirectory(directory);
  for (const name of await readdir(directory)) await rm(join(directory, name), { force: true });

  /** The id comes from a URL: only one that we made passes, and only for its repository. */
  function find(repository: string, id: string): Upload {
    const upload = open_.get(id);
    if (upload?.repository === repository) return upload;
    throw ociErrors.error('OCI_BLOB_UPLOAD_UNKNOWN', `there is no upload ${JSON.stringify(id.slice(0, 60))} in ${repository}`);
  }

  async function received(id: string): Promise<number> {
    return (
      await stat(join(directory, id)).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? { size: 0 } : Promise.reject(error)))
    ).size;
  }

  async function exclusively<Result>(repository: string, id: string, work: () => Promise<Result>): Promise<Result> {
    const upload = find(repository, id);
    if (upload.busy) throw ociErrors.error('OCI_BLOB_UPLOAD_INVALID', 'another chunk of this upload is under way', { status: 409 });
    upload.busy = true;
    try {
      return await work();
    } finally {
      upload.busy = false;
      upload.touched = Date.now();
    }
  }

  async function checkStart(id: string, range: ChunkRange | undefined): Promise<number> {
    const size = await received(id);
    if (range !== undefined && range.start !== size)
      throw ociErrors.error('OCI_RANGE_INVALID', `the upload has ${size} bytes; the chunk begins at ${range.start}`);
    return size;
  }

  async function write(id: string, before: number, data: AsyncIterable<Uint8Array>): Promise<number> {
    let size = before;
    const handle = await open(join(directory, id), 'a', 0o600);
    try {
      for await (const chunk of data) {
        size += chunk.length;
        if (size > limit) throw ociErrors.error('OCI_TOO_LARGE', `the upload is larger than ${limit} bytes`);
        await handle.writeFile(chunk);
      }
      return size;
    } catch (cause) {
      const error = diskFull(cause);
      // What does not fit its range, or no limit, is taken back; what broke off can go on from there.
      if (isColophonError(error)) await handle.truncate(before);
      throw error;
    } finally {
      await handle.close();
    }
  }

  async function drop(id: string): Promise<void> {
    open_.delete(id);
    await rm(join(directory, id), { force: true });
  }

  async function expire(age = maximumAge): Promise<number> {
    swept = Date.now();
    const old = [...open_].filter(([, upload]) => !upload.busy && upload.touched + age <= swept);
    for (const [id] of old) await drop(id);
    return old.length;
  }

  return {
    async start(repository) {
      if (open_.size >= count || Date.now() - swept > 60_000) await expire();
      if (open_.size >= count) throw ociErrors.error('OCI_TOO_MANY', `${count} uploads are under way`);
      const id = randomUUID();
      open_.set(id, { repository, touched: Date.now(), busy: false });
      return id;
    },
    async size(repository, id) {
      find(repository, id);
      return received(id);
    },
    append: (repository, id, data, range) =>
      exclusively(repository, id, async () => write(id, await checkStart(id, range), exactly(data, range))),
    complete: (repository, id, data, range, take) =>
      exclusively(repository, id, async () => {
        const before = await checkStart(id, range);
        try {
          if (before > 0) await write(id, before, exactly(data, range));
          const result = await (before > 0 ? take.file(join(directory, id)) : take.stream(exactly(data, range)));
          await drop(id);
          return result;
        } catch (error) {
          // Content that is wrong stays wrong. A chunk that broke off, or is misplaced, can be sent again.
          if (isColophonError(error) && error.code !== 'OCI_RANGE_INVALID') await drop(id);
          throw error;
        }
      }),
    cancel: (repository, id) => exclusively(repository, id, () => drop(id)),
    expire,
  };
}

function diskFull(error: unknown): unknown {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? ociErrors.error('OCI_DISK_FULL', 'no space is left for the upload', { cause: error })
    : error;
}

async function* exactly(data: AsyncIterable<Uint8Array>, range: ChunkRange | undefined): AsyncIterable<Uint8Array> {
  let length = 0;
  const wanted = range === undefined ? Infinity : range.end - range.start + 1;
  for await (const chunk of data) {
    length += chunk.length;
    if (length > wanted) break;
    yield chunk;
  }
  if (range !== undefined && length !== wanted)
    throw ociErrors.error('OCI_RANGE_INVALID', `the chunk has ${length} bytes; its range is ${range.start}-${range.end}`);
}
