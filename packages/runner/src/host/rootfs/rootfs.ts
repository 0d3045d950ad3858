import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ColophonError, errorCode, parseDigest, parseJson, spawnWorker, type Digest, type ErrorRecord } from '@colophon/core';
import { manifestLimit, parseManifest, type ImageConfig } from '@colophon/oci';
import { durable, type BlobStore } from '@colophon/store';
import { runnerErrors } from '../../errors.ts';
import { firstId, type HostMode } from '../machine/mode.ts';
import type { Tools } from '../machine/tools.ts';
import { removeTree } from '../task/remove-tree.ts';
import { giveLater, ownershipOf, type LaterOwners, type Ownership } from './owner.ts';

export interface PreparedImage {
  readonly digest: Digest;
  /** The unpacked, id-shifted root file system; shared by all steps, never written to. */
  readonly path: string;
  /** Its folder's name there. */
  readonly name: string;
  readonly config: {
    readonly entrypoint: readonly string[];
    readonly command: readonly string[];
    readonly env: readonly string[];
    readonly workingDir: string;
    readonly user: string;
  };
}

export interface RootfsStore {
  /** Unpacks an image whose manifest, config and layers are in the blob store. Once; concurrent callers share it. */
  prepare(digest: Digest): Promise<PreparedImage>;
  /** Removes root file systems that are not in `keep`. */
  prune(keep: ReadonlySet<Digest>): Promise<number>;
}

export async function openRootfsStore(
  directory: string,
  blobs: BlobStore,
  { mode, tools }: { mode: HostMode; tools: Tools },
): Promise<RootfsStore> {
  await durable.createDirectory(directory, { mode: 0o700 });
  for (const name of await readdir(directory)) if (name.startsWith('.')) await removeTree(join(directory, name), mode, tools);
  const running = new Map<Digest, Promise<PreparedImage>>();

  async function prepareNow(digest: Digest): Promise<PreparedImage> {
    const parsed = parseManifest(await blobs.bytes(digest, manifestLimit), undefined);
    if (parsed.kind === 'index')
      throw runnerErrors.error('RUNNER_IMAGE_INVALID', `${digest} is an index; a step runs one platform's image`);
    const config = parseJson(await blobs.bytes(parsed.manifest.config.digest, manifestLimit), 'the image configuration') as ImageConfig;
    const path = join(directory, parseDigest(digest).hex);
    if (!(await isUnpacked(path)))
      await unpack(
        path,
        parsed.manifest.layers.map(({ digest: layer }) => ({ path: blobs.path(layer), name: layer })),
      );
    const { Entrypoint, Cmd, Env, WorkingDir, User } = config.config ?? {};
    return {
      digest,
      path,
      name: parseDigest(digest).hex,
      config: { entrypoint: Entrypoint ?? [], command: Cmd ?? [], env: Env ?? [], workingDir: WorkingDir ?? '', user: User ?? '' },
    };
  }

  /** Unpacked for a host that ran otherwise (root, rootless), its owners would be wrong. */
  async function isUnpacked(path: string): Promise<boolean> {
    const found = await lstat(path).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? undefined : Promise.reject(error)));
    if (found === undefined) return false;
    if (found.uid === (mode.kind === 'root' ? firstId : process.getuid?.())) return true;
    await removeTree(path, mode, tools);
    return false;
  }

  async function unpack(path: string, layers: readonly { path: string; name: string }[]): Promise<void> {
    const temporary = join(directory, `.${randomUUID()}`);
    try {
      await mkdir(temporary, { mode: 0o755 });
      await chmod(temporary, 0o755);
      await giveLater(temporary, await unpackInWorker(temporary, layers, ownershipOf(mode)), tools);
      // Once the name is there the tree is trusted: its content must be on disk before it.
      await promisify(execFile)('sync', ['-f', temporary]);
      await rename(temporary, path).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
      });
      await durable.syncDirectory(directory);
    } finally {
      await removeTree(temporary, mode, tools);
    }
  }

  return {
    prepare(digest) {
      const result = running.get(digest) ?? prepareNow(digest);
      running.set(digest, result);
      const forget = () => void running.delete(digest);
      result.then(forget, forget);
      return result;
    },
    async prune(keep) {
      const hexes = new Set([...keep].map((digest) => parseDigest(digest).hex));
      const old = (await readdir(directory)).filter((name) => !name.startsWith('.') && !hexes.has(name));
      for (const name of old) await removeTree(join(directory, name), mode, tools);
      return old.length;
    },
  };
}

function unpackInWorker(root: string, layers: readonly { path: string; name: string }[], ownership: Ownership): Promise<LaterOwners> {
  const worker = spawnWorker(import.meta.url, './worker', { workerData: { root, layers, ownership } });
  return new Promise((resolve, reject) => {
    worker.once('message', (message: { error?: ErrorRecord; later?: LaterOwners }) =>
      message.error === undefined ? resolve(message.later ?? []) : reject(ColophonError.fromRecord(message.error)),
    );
    worker.once('error', (cause) =>
      reject(runnerErrors.error('RUNNER_IMAGE_INVALID', `the image was not unpacked: ${String(cause)}`, { cause })),
    );
    worker.once('exit', () => reject(runnerErrors.error('RUNNER_IMAGE_INVALID', 'the unpacking thread ended early')));
  });
}
