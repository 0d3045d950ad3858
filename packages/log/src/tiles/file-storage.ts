import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '@colophon/core';
import { durable } from '@colophon/store';
import type { TileStorage } from './storage.ts';

/** Tiles as files under a directory, each written whole beside its name and renamed. */
export function fileStorage(directory: string): TileStorage {
  const known = new Set<string>();
  return {
    async read(name) {
      try {
        return await readFile(join(directory, name));
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(name, data) {
      const path = join(directory, name);
      const parent = dirname(path);
      if (!known.has(parent)) {
        await durable.createDirectory(parent);
        if (known.size > 4096) known.clear();
        known.add(parent);
      }
      await durable.writeFile(path, data);
    },
    async remove(name) {
      try {
        await durable.removeFile(join(directory, name));
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
    },
  };
}
