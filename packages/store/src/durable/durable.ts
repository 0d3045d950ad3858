import { randomUUID } from 'node:crypto';
import { closeSync, fsync, openSync } from 'node:fs';
import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '@colophon/core';
import { storeErrors } from '../errors.ts';
import { openAppend } from './append.ts';

/*
 * The one module of durable writes. What a call has resolved survives kill -9 and a loss of power, on a file system that keeps what fsync
 * promised: the file's data is synced before the name is made, and the directory after it (Pillai et al., "All File Systems Are Not Created
 * Equal", OSDI 2014). Temporary names begin with a dot and end in `.tmp`; whatever of them a crash leaves is garbage.
 */

const sync = promisify(fsync);

/** Only the sync itself may take long: whoever calls has just changed the directory, so that opening it reads no disk. */
async function syncDirectory(path: string): Promise<void> {
  const descriptor = openSync(path, 'r');
  try {
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function syncFile(path: string): Promise<void> {
  await syncDirectory(path);
}

async function writeTemporary(path: string, data: Uint8Array | string, mode: number): Promise<string> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return temporary;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskError(error, path);
  }
}

/** Turns "no space" into our error; passes anything else on. */
export function diskError(error: unknown, path: string): unknown {
  const code = errorCode(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return storeErrors.error('STORE_DISK_FULL', `no space is left to write ${path}`, { cause: error });
}

/** A directory that was there may have been made by a process that died before it could sync the name. */
async function settleDirectory(path: string, cause: unknown): Promise<void> {
  if (!(await stat(path)).isDirectory()) throw cause;
  await syncDirectory(dirname(path)).catch((error: unknown) => {
    // A parent that we may not open is not one that we make directories in.
    if (errorCode(error) !== 'EACCES') throw error;
  });
}

export const durable = {
  /** Replaces or makes a file as a whole: readers see the old content or the new, never a part. Default mode 0600. */
  async writeFile(path: string, data: Uint8Array | string, options: { mode?: number } = {}): Promise<void> {
    const temporary = await writeTemporary(path, data, options.mode ?? 0o600);
    try {
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw diskError(error, path);
    }
    await syncDirectory(dirname(path));
  },

  /** Makes a file that must not exist; false, and nothing changed, if it does. Of concurrent callers one wins. */
  async createFile(path: string, data: Uint8Array | string, options: { mode?: number } = {}): Promise<boolean> {
    const temporary = await writeTemporary(path, data, options.mode ?? 0o600);
    try {
      await link(temporary, path);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw diskError(error, path);
    } finally {
      await rm(temporary, { force: true });
    }
    await syncDirectory(dirname(path));
    return true;
  },

  /** Makes a directory and its missing parents, each synced into its own parent. */
  async createDirectory(path: string, options: { mode?: number } = {}): Promise<void> {
    try {
      await mkdir(path, { mode: options.mode ?? 0o700 });
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EEXIST') return settleDirectory(path, error);
      if (code !== 'ENOENT') throw diskError(error, path);
      await durable.createDirectory(dirname(path), options);
      return durable.createDirectory(path, options);
    }
    await syncDirectory(dirname(path));
  },

  /** Moves a finished file or directory to its final name, its data synced first. Replaces a file that is there. */
  async moveInto(from: string, to: string): Promise<void> {
    await syncFile(from);
    await rename(from, to).catch((error: unknown) => Promise.reject(diskError(error, to)));
    await syncDirectory(dirname(to));
    if (dirname(from) !== dirname(to)) await syncDirectory(dirname(from));
  },

  /** Removes a file; that it is gone already is success. */
  async removeFile(path: string): Promise<void> {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  },

  syncFile,
  syncDirectory,
  openAppend,
};
