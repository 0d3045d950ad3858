import { randomUUID } from 'node:crypto';
import { access, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Digest } from '@colophon/core';
import { createRegistry } from '@colophon/oci';
import { durable, openBlobStore } from '@colophon/store';
import { dataDirectory, dataVersion, type DataDirectory } from '../config/data-directory.ts';
import { serverErrors } from '../errors.ts';
import { settleQuarantine } from '../prune/quarantine.ts';
import { copyLogHead } from './log-copy.ts';
import { fullFiles } from './log-files.ts';
import { lockMaintenance } from './locks.ts';
import { headerName, manifestName, type BackupHeader } from './manifest.ts';
import { openFiles, type CopiedFiles } from './files.ts';
import { readDatabase, snapshotDatabase } from './snapshot.ts';

export interface BackupOptions {
  /** The data directory; its server may be running. */
  readonly data: string;
  /** The archive; must not exist. Made 0600: run specifications and Secrets are in it in any case. */
  readonly file: string;
  /** The private keys and the administrator's token too. */
  readonly withKeys: boolean;
  /** Of the program, for the header. */
  readonly program: string;
  readonly now?: Date;
  readonly onProgress?: (event: { readonly part: string; readonly files: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

export interface BackupResult {
  readonly file: string;
  readonly bytes: number;
  readonly files: number;
  readonly created: string;
  readonly keys: boolean;
  /** Entries that the log's checkpoint in the backup covers; its journal may hold more. */
  readonly logSize: number;
}

/**
 * Copies a data directory, of a stopped or a running server, into one tar file. Whatever was acknowledged before the call is in it, and everything in
 * it fits together, by the order of copying: what refers to other things before what it refers to (docs/operations.md, "Backup"). Nothing is
 * left behind by a failure. Throws SERVER_DATA_MISSING, SERVER_MAINTENANCE, SERVER_BACKUP_CHANGED, STORE_DISK_FULL.
 */
export async function createBackup(options: BackupOptions): Promise<BackupResult> {
  const directory = dataDirectory(resolve(options.data));
  const file = resolve(options.file);
  await requireData(directory);
  await refuseExisting(file);
  const release = lockMaintenance(directory);
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`);
  try {
    await settleQuarantine(directory.root, await openBlobStore(directory.blobs));
    const handle = await open(temporary, 'wx', 0o600);
    try {
      const copied = openFiles(handle, options);
      const header = headerOf(options);
      await copied.about(headerName, Buffer.from(`${JSON.stringify(header)}\n`));
      const { logSize } = await copyAll(directory, copied, options, dirname(file));
      await copied.about(manifestName, Buffer.from(`${JSON.stringify({ files: copied.written() })}\n`));
      await copied.end();
      await handle.sync();
      const { size } = await handle.stat();
      await refuseExisting(file);
      await durable.moveInto(temporary, file);
      return { file, bytes: size, files: copied.written().length, created: header.created, keys: header.keys, logSize };
    } finally {
      await handle.close();
    }
  } finally {
    await rm(temporary, { force: true });
    release();
  }
}

function headerOf({ program, withKeys, now = new Date() }: BackupOptions): BackupHeader {
  return { kind: 'colophon-backup', version: 1, colophon: program, dataVersion, created: now.toISOString(), keys: withKeys };
}

/** The order is the whole point; each line says what may refer to what. */
async function copyAll(directory: DataDirectory, files: CopiedFiles, options: BackupOptions, beside: string): Promise<{ logSize: number }> {
  const { root } = directory;
  const scratch = await mkdtemp(join(beside, '.colophon-backup-'));
  const database = async (name: string, from: string) => {
    const copy = join(scratch, 'copy.sqlite');
    await snapshotDatabase(from, copy);
    return files.file(name, copy);
  };
  try {
    files.part('settings');
    await files.file('version', join(root, 'version'));
    await files.file('tokens.json', directory.tokens);
    if (options.withKeys) await files.file('admin.token', directory.adminToken);
    // The signer's last checkpoint before the log: it refuses a log that is shorter than what it signed.
    await files.tree('keys', directory.keys, (name) => options.withKeys || /^(?:[a-z]+\.pub|checkpoint\.json)$/.test(name));
    // Objects before the registry and the log: a build says "stored" and "logged" of what is there by then.
    files.part('objects');
    await database('objects.sqlite', directory.objects);
    files.part('registry');
    const named = await registryDigests(directory, scratch, files);
    // The index before the journal: an index that knows more than the journal means to the log that its tail is lost.
    files.part('log');
    const logSize = await copyLog(directory, files, database);
    files.part('runs');
    await files.tree('runs', directory.runs, () => true);
    await copyRepositories(directory, files);
    // Blobs last: everything above names them, and they are never changed. Prune, which alone removes them, is locked out.
    files.part('blobs');
    await copyBlobs(directory, files, named);
    return { logSize };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function registryDigests(directory: DataDirectory, scratch: string, files: CopiedFiles): Promise<Set<Digest>> {
  const named = new Set<Digest>();
  const copy = join(scratch, 'registry.sqlite');
  if (!(await exists(directory.registry))) return named;
  await snapshotDatabase(directory.registry, copy);
  await files.file('registry.sqlite', copy);
  const database = readDatabase(copy);
  try {
    const registry = createRegistry({ blobs: await openBlobStore(directory.blobs), database });
    for await (const digest of registry.liveDigests()) named.add(digest);
  } finally {
    await database.close();
  }
  return named;
}

async function copyLog(
  { log }: DataDirectory,
  files: CopiedFiles,
  database: (name: string, from: string) => Promise<unknown>,
): Promise<number> {
  if (!(await exists(join(log, 'log.json')))) return 0;
  await files.file('log/log.json', join(log, 'log.json'));
  if (await exists(join(log, 'log.sqlite'))) await database('log/log.sqlite', join(log, 'log.sqlite'));
  const head = await copyLogHead(log);
  for (const { name, data } of head.files) await files.bytes(`log/${name}`, data);
  for (const name of fullFiles(head.size)) {
    if (!(await files.file(`log/${name}`, join(log, name))))
      throw serverErrors.error('SERVER_BACKUP_INVALID', `the log lacks ${name}, which its checkpoint of size ${head.size} needs`);
  }
  return head.size;
}

/** Refs before objects: a ref that is copied names what is there by then. Trees, and git's own settings, are made again. */
async function copyRepositories({ inputs }: DataDirectory, files: CopiedFiles): Promise<void> {
  const root = join(inputs, 'repositories');
  await files.tree('inputs/repositories', root, (path) => /^[^/]+\/(?:HEAD|packed-refs|shallow|refs\/.+)$/.test(path));
  await files.tree('inputs/repositories', root, (path) => /^[^/]+\/objects\/(?:[0-9a-f]{2}|pack)\/(?!tmp_)[^/]+$/.test(path));
}

async function copyBlobs(directory: DataDirectory, files: CopiedFiles, named: Set<Digest>): Promise<void> {
  const blobs = await openBlobStore(directory.blobs);
  for await (const { digest } of blobs.list()) {
    const [algorithm, hex = ''] = digest.split(':');
    if (await files.file(`blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`, blobs.path(digest))) named.delete(digest);
  }
  for (const digest of named) {
    // Named by the registry's snapshot, and pushed while we listed, or gone.
    const [algorithm, hex = ''] = digest.split(':');
    if (!(await files.file(`blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`, blobs.path(digest))))
      throw serverErrors.error('SERVER_BACKUP_CHANGED', `${digest}, which the registry names, is gone`, { details: { digest } });
  }
}

async function requireData({ root }: DataDirectory): Promise<void> {
  const version = await readFile(join(root, 'version'), 'utf8').catch(() => undefined);
  if (version === undefined) throw serverErrors.error('SERVER_DATA_MISSING', `${root} is no data directory of Colophon`);
  const found = Number.parseInt(version, 10);
  if (found !== dataVersion)
    throw serverErrors.error('SERVER_DATA_NEWER', `${root} has data version ${found}; this Colophon knows ${dataVersion}`);
}

async function refuseExisting(file: string): Promise<void> {
  if (await exists(file))
    throw serverErrors.error('SERVER_RESTORE_REFUSED', `${file} exists already`, { hint: 'Name a file that does not exist.' });
  await stat(dirname(file)).catch((cause: unknown) => {
    throw serverErrors.error('SERVER_RESTORE_REFUSED', `there is no directory ${dirname(file)}`, { cause, hint: 'Make it first.' });
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
