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

/** Opens a file for appending; makes it, with its name synced, if it is missing. A failed append leaves the size as it was. */
export async function openAppend(path: string): Promise<AppendFile> {
  const handle = await open(path, 'a+', 0o600);
  let length = (await handle.stat()).size;
  if (length === 0) {
    await handle.sync();
    const directory = await open(dirname(path), 'r');
    await directory.sync().finally(() => directory.close());
  }
  return {
    async append(data) {
      try {
        for (let at = 0; at < data.length;) at += (await handle.write(data, at)).bytesWritten;
        length += data.length;
      } catch (error) {
        await handle.truncate(length).catch(() => {});
        throw diskError(error, path);
      }
    },
    sync: () => handle.datasync().catch((error: unknown) => Promise.reject(diskError(error, path))),
    async truncate(size) {
      await handle.truncate(size);
      await handle.sync();
      length = size;
    },
    size: () => length,
    close: () => handle.close(),
  };
}
