import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { parseLock, type Lock } from '@colophon/debian';
import { imageErrors } from '@colophon/image';
import { cliErrors } from '../../errors.ts';

export interface LockedPackages {
  readonly locks: readonly Lock[];
  /** Path of the .deb with this SHA-256. Throws IMAGE_PACKAGE_MISSING. */
  path(sha256: string): string;
}

const lockLimit = 64 << 20;

/**
 * Directories as the control plane mounts them: lock.json and the .debs beside it. Names mean nothing: every .deb is
 * hashed and must be one that the lock names, so that neither a renamed nor a foreign one gets in. No link is followed. Throws
 * CLI_PACKAGES_MISMATCH, CLI_FILE_INVALID, DEBIAN_LOCK_INVALID.
 */
export async function openPackages(directories: readonly string[]): Promise<LockedPackages> {
  const locks: Lock[] = [];
  const paths = new Map<string, string>();
  const names = new Map<string, string>();
  for (const directory of directories) {
    const lock = parseLock(await withFile(join(directory, 'lock.json'), (handle, { size }) => readLimited(handle, size)));
    locks.push(lock);
    const known = new Map(lock.packages.map((entry) => [entry.sha256, entry]));
    for (const entry of lock.packages) names.set(entry.sha256, `${entry.name} ${entry.version}`);
    for (const name of (await list(directory)).filter((file) => file.endsWith('.deb'))) {
      const path = join(directory, name);
      const { sha256, size } = await withFile(path, hash);
      const expected = known.get(sha256);
      if (expected === undefined || expected.size !== size) {
        throw cliErrors.error('CLI_PACKAGES_MISMATCH', `${path} is no package of ${join(directory, 'lock.json')}`, {
          details: { path, sha256, size },
        });
      }
      paths.set(sha256, path);
    }
  }
  return {
    locks,
    path(sha256) {
      const path = paths.get(sha256);
      if (path !== undefined) return path;
      throw imageErrors.error(
        'IMAGE_PACKAGE_MISSING',
        `${names.get(sha256) ?? 'a package'} (sha256 ${sha256}) is not in ${directories.join(', ')}`,
      );
    },
  };
}

async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (cause) {
    throw cliErrors.error('CLI_FILE_INVALID', `cannot read ${directory}: ${(cause as Error).message}`, { cause });
  }
}

/** Opens without following a link and without waiting for a fifo's other end. */
async function withFile<Result>(path: string, use: (handle: FileHandle, stats: Stats) => Promise<Result>): Promise<Result> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw cliErrors.error('CLI_FILE_INVALID', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw cliErrors.error('CLI_FILE_INVALID', `${path} is not a file`);
    return await use(handle, stats);
  } finally {
    await handle.close();
  }
}

async function readLimited(handle: FileHandle, size: number): Promise<Buffer> {
  if (size > lockLimit) throw cliErrors.error('CLI_FILE_INVALID', `lock.json has ${size} bytes; the limit is ${lockLimit}`);
  return handle.readFile();
}

async function hash(handle: FileHandle): Promise<{ sha256: string; size: number }> {
  const sum = createHash('sha256');
  let size = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
    sum.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { sha256: sum.digest('hex'), size };
}
