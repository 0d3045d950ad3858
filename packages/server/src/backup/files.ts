import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@colophon/core';
import type { BackupOptions } from './backup.ts';
import { checkPath } from './manifest.ts';
import { createTarWriter, type Written } from './tar-writer.ts';

/** Files on their way into an archive. */
export interface CopiedFiles {
  /** Says what comes now, for progress. */
  part(name: string): void;
  /** What is written of the backup itself: not in `written`. */
  about(name: string, data: Buffer): Promise<void>;
  bytes(name: string, data: Buffer): Promise<void>;
  /** False: it is not there. As long as it is when it is opened; what is appended meanwhile is left out. */
  file(name: string, path: string): Promise<boolean>;
  /** Regular files below a folder, links and everything else left out, in order of their names. `wanted` is given the path below the folder. */
  tree(name: string, path: string, wanted: (path: string) => boolean): Promise<void>;
  written(): readonly Written[];
  end(): Promise<void>;
}

/** Of the durable module and of git: names of what is not finished. */
const unfinished = /(?:(?:^|\/)\.[^/]*\.tmp|\.lock)$/;

export function openFiles(archive: FileHandle, { onProgress, signal, now = new Date() }: BackupOptions): CopiedFiles {
  const tar = createTarWriter(archive);
  const done: Written[] = [];
  let bytes = 0;
  let part = '';

  const add = (written: Written) => {
    done.push(written);
    bytes += written.size;
    onProgress?.({ part, files: done.length, bytes });
  };

  async function file(name: string, path: string): Promise<boolean> {
    signal?.throwIfAborted();
    let handle: FileHandle;
    try {
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ELOOP') return false;
      throw error;
    }
    try {
      const found = await handle.stat();
      if (!found.isFile()) return false;
      const content = found.size === 0 ? [] : handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 });
      add(await tar.add(checkPath(name), found.size, found.mtimeMs, content as AsyncIterable<Uint8Array>));
      return true;
    } finally {
      await handle.close();
    }
  }

  return {
    part(name) {
      part = name;
      onProgress?.({ part, files: done.length, bytes });
    },
    about: async (name, data) => void (await tar.add(name, data.length, now.getTime(), [data])),
    bytes: async (name, data) => add(await tar.add(checkPath(name), data.length, now.getTime(), [data])),
    file,
    async tree(name, path, wanted) {
      const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch((error: unknown) =>
        errorCode(error) === 'ENOENT' ? [] : Promise.reject(error),
      );
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));
      for (const below of paths.toSorted()) if (!unfinished.test(below) && wanted(below)) await file(`${name}/${below}`, join(path, below));
    },
    written: () => done,
    end: () => tar.end(),
  };
}
