import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode } from '@colophon/core';
import { durable, storeErrors } from '@colophon/store';
import { dataVersion } from '../config/data-directory.ts';
import { serverErrors } from '../errors.ts';
import { checkPath, headerName, manifestName, parseHeader, parseManifest, type BackupHeader, type BackupManifest } from './manifest.ts';
import { invalid, readTarFile, type TarFile } from './tar-reader.ts';

export interface RestoreOptions {
  readonly file: string;
  /** Must be empty, or not there. */
  readonly data: string;
  readonly onProgress?: (event: { readonly files: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

export interface RestoreResult extends BackupHeader {
  readonly data: string;
  readonly files: number;
  readonly bytes: number;
}

const smallLimit = 256 << 20;

/**
 * Makes a data directory from a backup. Every file is held against the manifest before any of it counts: the directory appears whole, by one rename, or
 * not at all. Throws SERVER_RESTORE_REFUSED, SERVER_BACKUP_INVALID, SERVER_DATA_NEWER, STORE_DISK_FULL.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const data = resolve(options.data);
  await requireEmpty(data);
  const handle = await open(options.file, 'r').catch((cause: unknown) => {
    throw serverErrors.error('SERVER_BACKUP_INVALID', `cannot open ${options.file}: ${(cause as Error).message}`, { cause });
  });
  const temporary = join(dirname(data), `.${basename(data)}.${randomUUID()}.tmp`);
  try {
    if (!(await handle.stat()).isFile()) throw invalid('it is no file');
    await durable.createDirectory(temporary, { mode: 0o700 });
    const { header, files, bytes } = await unpack(readTarFile(handle), temporary, options);
    await syncAll(temporary);
    await rename(temporary, data).catch((cause: unknown) => {
      throw serverErrors.error('SERVER_RESTORE_REFUSED', `cannot make ${data}: ${(cause as Error).message}`, {
        cause,
        hint: 'Name a directory below the mount point.',
      });
    });
    await durable.syncDirectory(dirname(data));
    return { ...header, data, files, bytes };
  } finally {
    await rm(temporary, { recursive: true, force: true });
    await handle.close();
  }
}

async function unpack(
  archive: AsyncIterable<TarFile>,
  directory: string,
  { onProgress, signal }: RestoreOptions,
): Promise<{ header: BackupHeader; files: number; bytes: number }> {
  const found = new Map<string, { size: number; sha256: string }>();
  let header: BackupHeader | undefined;
  let manifest: BackupManifest | undefined;
  let bytes = 0;
  for await (const file of archive) {
    signal?.throwIfAborted();
    if (manifest !== undefined) throw invalid('something follows its manifest');
    if (header === undefined) {
      if (file.path !== headerName) throw invalid(`it does not begin with ${headerName}`);
      header = parseHeader(await small(file));
      if (header.dataVersion > dataVersion)
        throw serverErrors.error(
          'SERVER_DATA_NEWER',
          `the backup has data version ${header.dataVersion}; this Colophon knows ${dataVersion}`,
        );
    } else if (file.path === manifestName) manifest = parseManifest(await small(file));
    else {
      if (found.has(checkPath(file.path))) throw invalid(`${file.path} is in it twice`);
      found.set(file.path, { size: file.size, sha256: await extract(file, directory) });
      bytes += file.size;
      onProgress?.({ files: found.size, bytes });
    }
  }
  if (header === undefined || manifest === undefined) throw invalid('its manifest is missing');
  compare(manifest, found);
  return { header, files: found.size, bytes };
}

async function small(file: TarFile): Promise<Buffer> {
  if (file.size > smallLimit) throw invalid(`${file.path} is too large`);
  const parts: Buffer[] = [];
  for await (const part of file.content()) parts.push(part);
  return Buffer.concat(parts);
}

/** Writes one file and syncs it; gives the hash of what was written. A blob must have the digest that its name says. */
async function extract(file: TarFile, directory: string): Promise<string> {
  const target = join(directory, file.path);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  try {
    const handle = await open(target, 'wx', 0o600);
    try {
      for await (const part of file.content()) {
        hash.update(part);
        await handle.writeFile(part);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT')
      throw storeErrors.error('STORE_DISK_FULL', `no space is left to write ${target}`, { cause: error });
    throw error;
  }
  const sha256 = hash.digest('hex');
  const blob = /^blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]+)$/.exec(file.path);
  if (blob !== null && blob[1] !== sha256) throw invalid(`${file.path} has the content of ${sha256}`);
  if (/^keys\/.*\.pub$/.test(file.path)) await chmod(target, 0o644);
  return sha256;
}

function compare({ files }: BackupManifest, found: Map<string, { size: number; sha256: string }>): void {
  for (const { path, size, sha256 } of files) {
    const file = found.get(path);
    if (file === undefined) throw invalid(`${path} is missing`);
    if (file.size !== size || file.sha256 !== sha256) throw invalid(`${path} is not what the manifest says`);
  }
  const known = new Set(files.map(({ path }) => path));
  if (known.size !== files.length) throw invalid('its manifest names a file twice');
  for (const path of found.keys()) if (!known.has(path)) throw invalid(`${path} is not in its manifest`);
  if (!known.has('version')) throw invalid('it has no data version');
}

async function syncAll(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) await durable.syncDirectory(join(entry.parentPath, entry.name));
  }
  await durable.syncDirectory(directory);
}

async function requireEmpty(data: string): Promise<void> {
  const refuse = (why: string) => serverErrors.error('SERVER_RESTORE_REFUSED', `${data} ${why}`);
  const names = await readdir(data).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw errorCode(error) === 'ENOTDIR' ? refuse('is no directory') : error;
  });
  if (names.length > 0) throw refuse('is not empty');
  await stat(dirname(data)).catch(() => {
    throw refuse('is in a directory that does not exist');
  });
}
