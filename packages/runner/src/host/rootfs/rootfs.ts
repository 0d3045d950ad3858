import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ColophonError, errorCode, parseDigest, parseJson, spawnWorker, type Digest, type ErrorRecord } from '@colophon/core';
import { manifestLimit, openDirectory, parseManifest, readSmall, type ImageConfig } from '@colophon/oci';
import { durable, type BlobStore } from '@colophon/store';
import { runnerErrors } from '../../errors.ts';
import { firstId } from '../sandbox/script.ts';

export interface PreparedImage {
  readonly digest: Digest;
  /** The unpacked, id-shifted root file system; shared by all steps, never written to. */
  readonly path: string;
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

export async function openRootfsStore(directory: string, blobs: BlobStore, idOffset = firstId): Promise<RootfsStore> {
  await durable.createDirectory(directory, { mode: 0o700 });
  for (const name of await readdir(directory)) if (name.startsWith('.')) await rm(join(directory, name), { recursive: true, force: true });
  const running = new Map<Digest, Promise<PreparedImage>>();

  async function prepareNow(digest: Digest): Promise<PreparedImage> {
    const parsed = parseManifest(await blobs.bytes(digest, manifestLimit), undefined);
    if (parsed.kind === 'index')
      throw runnerErrors.error('RUNNER_IMAGE_INVALID', `${digest} is an index; a step runs one platform's image`);
    const config = parseJson(await blobs.bytes(parsed.manifest.config.digest, manifestLimit), 'the image configuration') as ImageConfig;
    const path = join(directory, parseDigest(digest).hex);
    if (
      !(await access(path).then(
        () => true,
        () => false,
      ))
    )
      await unpack(
        path,
        parsed.manifest.layers.map(({ digest: layer }) => ({ path: blobs.path(layer), name: layer })),
      );
    const { Entrypoint, Cmd, Env, WorkingDir, User } = config.config ?? {};
    return {
      digest,
      path,
      config: { entrypoint: Entrypoint ?? [], command: Cmd ?? [], env: Env ?? [], workingDir: WorkingDir ?? '', user: User ?? '' },
    };
  }

  async function unpack(path: string, layers: readonly { path: string; name: string }[]): Promise<void> {
    const temporary = join(directory, `.${randomUUID()}`);
    try {
      await mkdir(temporary, { mode: 0o755 });
      await chown(temporary, idOffset, idOffset);
      await unpackInWorker(temporary, layers, idOffset);
      // Once the name is there the tree is trusted: its content must be on disk before it.
      await promisify(execFile)('sync', ['-f', temporary]);
      await rename(temporary, path).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
      });
      await durable.syncDirectory(directory);
    } finally {
      await rm(temporary, { recursive: true, force: true });
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
      for (const name of old) await rm(join(directory, name), { recursive: true, force: true });
      return old.length;
    },
  };
}

function unpackInWorker(root: string, layers: readonly { path: string; name: string }[], idOffset: number): Promise<void> {
  const worker = spawnWorker(import.meta.url, './worker', { workerData: { root, layers, idOffset } });
  return new Promise((resolve, reject) => {
    worker.once('message', (message: { error?: ErrorRecord }) =>
      message.error === undefined ? resolve() : reject(ColophonError.fromRecord(message.error)),
    );
    worker.once('error', (cause) =>
      reject(runnerErrors.error('RUNNER_IMAGE_INVALID', `the image was not unpacked: ${String(cause)}`, { cause })),
    );
    worker.once('exit', () => reject(runnerErrors.error('RUNNER_IMAGE_INVALID', 'the unpacking thread ended early')));
  });
}

/** Numbers for `user`, `user:group`, `uid`, `uid:gid` by the image's own /etc/passwd and /etc/group, opened without following links. Empty: root. */
export async function resolveUser(rootfs: string, user: string): Promise<{ uid: number; gid: number }> {
  if (user === '') return { uid: 0, gid: 0 };
  const [name = '', group] = user.split(':');
  const passwd = await accounts(rootfs, 'passwd');
  const entry = passwd.find((fields) => fields[0] === name || fields[2] === name);
  const uid = /^\d{1,5}$/.test(name) ? Number(name) : Number(entry?.[2] ?? Number.NaN);
  const gid =
    group === undefined || group === ''
      ? Number(entry?.[3] ?? 0)
      : /^\d{1,5}$/.test(group)
        ? Number(group)
        : Number((await accounts(rootfs, 'group')).find((fields) => fields[0] === group)?.[2] ?? Number.NaN);
  if (!(uid >= 0 && uid < 65_536 && gid >= 0 && gid < 65_536))
    throw runnerErrors.error('RUNNER_IMAGE_INVALID', `the image has no user ${JSON.stringify(user.slice(0, 100))}`);
  return { uid, gid };
}

async function accounts(rootfs: string, file: string): Promise<string[][]> {
  const root = await openDirectory(rootfs);
  try {
    return (await readSmall(root, ['etc', file], 1 << 20))
      .toString()
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  } finally {
    await root.close();
  }
}
