import { mkdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { errorCode } from '@colophon/core';
import { durable } from '@colophon/store';
import { serverErrors } from '../errors.ts';
import { takeLock } from './lock.ts';

/** Raised when the layout of the data directory changes; older data is migrated at start, newer data is refused. */
export const dataVersion = 1;

/** Where everything is. Only paths: nothing is opened. */
export interface DataDirectory {
  readonly root: string;
  readonly objects: string;
  readonly blobs: string;
  readonly registry: string;
  readonly log: string;
  readonly keys: string;
  readonly runs: string;
  readonly inputs: string;
  readonly runner: string;
  readonly sockets: string;
  readonly tokens: string;
  readonly adminToken: string;
  readonly kubeconfig: string;
  readonly dockerConfig: string;
}

export function defaultDataDirectory(): string {
  const data = process.env['COLOPHON_DATA'];
  if (data !== undefined && data !== '') return resolve(data);
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'colophon');
}

export function dataDirectory(root: string): DataDirectory {
  const at = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    objects: at('objects.sqlite'),
    blobs: at('blobs'),
    registry: at('registry.sqlite'),
    log: at('log'),
    keys: at('keys'),
    runs: at('runs'),
    inputs: at('inputs'),
    runner: at('runner'),
    sockets: at('sockets'),
    tokens: at('tokens.json'),
    adminToken: at('admin.token'),
    kubeconfig: at('kubeconfig'),
    dockerConfig: at('docker', 'config.json'),
  };
}

/**
 * Makes the directory (0700) or checks it: its version, and that nobody else can write there. Whoever can write in it controls the
 * keys and every verdict, so that is refused.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const root = resolve(path);
  await durable.createDirectory(root, { mode: 0o700 });
  const { mode } = await stat(root);
  if ((mode & 0o022) !== 0) throw serverErrors.error('SERVER_DATA_UNSAFE', `${root} has mode ${(mode & 0o777).toString(8)}`);
  const directory = dataDirectory(root);
  const found = await readVersion(join(root, 'version'));
  if (found > dataVersion) {
    throw serverErrors.error('SERVER_DATA_NEWER', `${root} has data version ${found}; this Colophon knows ${dataVersion}`);
  }
  if (found === 0) await durable.writeFile(join(root, 'version'), `${dataVersion}\n`);
  for (const part of ['blobs', 'log', 'keys', 'runs', 'inputs', 'runner', 'sockets', 'docker'] as const) {
    await mkdir(join(root, part), { recursive: true, mode: 0o700 });
  }
  return directory;
}

/** One server on a data directory: SERVER_DATA_LOCKED if there is one. Gives what lets go. */
export function lockDataDirectory({ root }: DataDirectory): () => void {
  const release = takeLock(join(root, 'server.lock'));
  if (release === undefined) throw serverErrors.error('SERVER_DATA_LOCKED', `another server uses ${root}`);
  return release;
}

async function readVersion(path: string): Promise<number> {
  try {
    const text = await readFile(path, 'utf8');
    if (!/^[1-9]\d{0,8}\n?$/.test(text)) throw serverErrors.error('SERVER_DATA_MISSING', `${path} does not hold a data version`);
    return Number(text);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
