import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
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
export async function secondDirectory(
  given: string | undefined,
  keep: boolean,
  warn: (line: string) => void = () => {},
): Promise<SecondDirectory> {
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
      if (!keep && !(await removed(path))) warn(`${path} could not be removed`);
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

/**
 * What images and steps left, with whatever names, crossing no mount. Without root's rights files may belong to ids that only a user namespace
 * can reach. A verdict is not lost because something is left over.
 */
async function removed(path: string): Promise<boolean> {
  const remove = ['rm', '-rf', '--one-file-system', '--', path];
  for (const [file = '', ...args] of [remove, ['unshare', '--user', '--map-root-user', '--map-auto', ...remove]]) {
    const done = await promisify(execFile)(file, args).then(
      () => true,
      () => false,
    );
    if (done) return true;
  }
  return false;
}
