import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError } from './durable.ts';

export interface AppendFile {
  /** Writes at the end. Not durable until `sync` has resolved. One append at a time. */
  append(data: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  /** Cuts the file to `size` bytes, durably: for dropping a torn tail. */
  truncate(size: number): Promise<void>;
  /** Bytes, counting what is not synced yet. */
  size(): number;
  close(): Promise<void>;
}

/**
 * Opens a file for appending; makes it if it is missing. What a process that died had written and not synced is synced first, so that what a
 * reader finds after opening is durable. A failed append leaves the size as it was; after a failed sync nothing but `close` works, because the
 * kernel may have dropped the data and would report success the next time (Rebello et al., "Can Applications Recover from fsync Failures?", 2020).
 */
export async function openAppend(path: string): Promise<AppendFile> {
  const handle = await open(path, 'a+', 0o600);
  let length: number;
  let broken: unknown;
  try {
    length = (await handle.stat()).size;
    await handle.sync();
    const directory = await open(dirname(path), 'r');
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    await handle.close();
    throw error;
  }

  async function guarded(work: () => Promise<void>): Promise<void> {
    if (broken !== undefined) throw broken;
    try {
      await work();
    } catch (error) {
      broken = diskError(error, path);
      throw broken;
    }
  }

  return {
    async append(data) {
      if (broken !== undefined) throw broken;
      try {
        for (let at = 0; at < data.length;) at += (await handle.write(data, at)).bytesWritten;
        length += data.length;
      } catch (error) {
        await guarded(() => handle.truncate(length));
        throw diskError(error, path);
      }
    },
    sync: () => guarded(() => handle.datasync()),
    truncate: (size) =>
      guarded(async () => {
        await handle.truncate(size);
        await handle.sync();
        length = size;
      }),
    size: () => length,
    close: () => handle.close(),
  };
}
