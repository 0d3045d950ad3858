import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { errorCode } from '@colophon/core';
import { cliErrors } from '../../errors.ts';

export interface SecondDirectory extends AsyncDisposable {
  readonly path: string;
  readonly kept: boolean;
}

/**
 * An empty data directory for the second server: the one given, or a temporary one. Nothing of an earlier build may be in it: a cached layer or
 * unpacked image would prove nothing. Removed at the end unless it is to be kept.
 */
export async function secondDirectory(given: string | undefined, keep: boolean): Promise<SecondDirectory> {
  const path = given === undefined ? await mkdtemp(join(tmpdir(), 'colophon-rebuild-')) : resolve(given);
  if (given !== undefined) {
    if ((await names(path)).length > 0) {
      throw cliErrors.error('CLI_FILE_EXISTS', `${path} is not empty: a rebuild starts from nothing`, {
        hint: 'Name a folder that is empty or not there yet.',
      });
    }
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  return {
    path,
    kept: keep,
    async [Symbol.asyncDispose]() {
      if (!keep) await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function names(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
