import { randomUUID } from 'node:crypto';
import { access, chmod, constants, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, parseDigest } from '@colophon/core';
import {
  lockDigest,
  openDebianCache,
  parseLock,
  startFetch,
  type ChainReport,
  type DebianCache,
  type Lock,
  type Mirrors,
} from '@colophon/debian';
import type { InputRecord, InputRequest, Inputs, PackageRecord, PreparedInput } from '@colophon/runner';
import type { GitStore } from '@colophon/source';
import { durable, type BlobStore } from '@colophon/store';
import { serverErrors } from '../errors.ts';

export interface InputsOptions {
  readonly git: GitStore;
  /** `DATA/inputs`. */
  readonly directory: string;
  readonly blobs: BlobStore;
  readonly mirrors: Mirrors;
  readonly keyrings?: readonly string[];
}

/** Fetches what runs bind: source trees at a commit, and the packages of a lock, verified up to the archive's signature. */
export async function createInputs(options: InputsOptions): Promise<Inputs> {
  const cache = await openDebianCache(join(options.directory, 'debian'), { blobs: options.blobs });
  return {
    async prepare(request, { signal }) {
      const known = request.driver === 'source.colophon.dev' ? ['uri', 'revision'] : ['uri', 'revision', 'lock'];
      const stray = Object.keys(request.attributes).find((name) => !known.includes(name));
      const missing = known.find((name) => (request.attributes[name] ?? '') === '');
      if (stray !== undefined)
        throw serverErrors.error(
          'SERVER_INPUT_INVALID',
          `workspace ${request.workspace}: ${request.driver} knows no attribute ${JSON.stringify(stray)}`,
        );
      if (missing !== undefined)
        throw serverErrors.error(
          'SERVER_INPUT_INVALID',
          `workspace ${request.workspace}: ${request.driver} needs the attribute ${missing}`,
        );
      return request.driver === 'source.colophon.dev'
        ? prepareSource(request, options, signal)
        : preparePackages(request, options, cache, signal);
    },
  };
}

async function prepareSource({ workspace, attributes }: InputRequest, { git }: InputsOptions, signal: AbortSignal): Promise<PreparedInput> {
  const { uri, commit } = await git.fetch(attributes['uri'] as string, attributes['revision'] as string, signal);
  const { path } = await git.materialise(uri, commit, signal);
  const record: InputRecord = { workspace, kind: 'source', uri, revision: commit, digest: { gitCommit: commit } };
  return { directory: path, record };
}

async function preparePackages(
  { workspace, attributes }: InputRequest,
  options: InputsOptions,
  cache: DebianCache,
  signal: AbortSignal,
): Promise<PreparedInput> {
  const path = attributes['lock'] as string;
  const { uri, commit } = await options.git.fetch(attributes['uri'] as string, attributes['revision'] as string, signal);
  const lock = parseLock(await options.git.readFile(uri, commit, path));
  const { directory, chain } = await materialisePackages(lock, options, cache, signal);
  const record: InputRecord = {
    workspace,
    kind: 'packages',
    uri,
    revision: commit,
    path,
    digest: { sha256: parseDigest(lockDigest(lock)).hex },
    snapshot: lock.snapshot,
    packages: packageRecords(lock, chain),
  };
  return { directory, record };
}

/** A directory with the lock as `lock.json` and each .deb by its archive name; made once for each lock. */
async function materialisePackages(
  lock: Lock,
  options: InputsOptions,
  cache: DebianCache,
  signal: AbortSignal,
): Promise<{ directory: string; chain: ChainReport }> {
  const fetching = startFetch(lock, {
    mirrors: options.mirrors,
    cacheDirectory: cache,
    signal,
    ...(options.keyrings === undefined ? {} : { keyrings: options.keyrings }),
  });
  const parent = join(options.directory, 'packages');
  const directory = join(parent, parseDigest(lockDigest(lock)).hex);
  if (
    !(await access(directory).then(
      () => true,
      () => false,
    ))
  ) {
    await durable.createDirectory(parent);
    const temporary = join(parent, `.${randomUUID()}`);
    try {
      await mkdir(temporary, { mode: 0o755 });
      // Each is copied as it comes; the directory gets its name only once the chain of all of them is known.
      const copies = await Promise.allSettled(
        lock.packages.map(async (entry) => {
          const target = join(temporary, entry.path.slice(entry.path.lastIndexOf('/') + 1));
          await copyFile((await fetching.package(entry.sha256)) as string, target, constants.COPYFILE_FICLONE);
          await chmod(target, 0o444);
        }),
      );
      await fetching.proven;
      const failed = copies.find((copy) => copy.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      await writeFile(join(temporary, 'lock.json'), JSON.stringify(lock), { mode: 0o444 });
      await chmod(temporary, 0o755);
      await rename(temporary, directory).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
      });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
  return { directory, chain: await fetching.proven };
}

/** Who vouches for each package: the keys that signed the InRelease which the chain was shown from; nobody, where only the lock says so. */
function packageRecords(lock: Lock, chain: ChainReport): PackageRecord[] {
  return lock.packages.map((entry) => {
    const suite = chain.suites.find((candidate) => candidate.suite === entry.suite);
    const proven = chain.packages[entry.name] !== 'lock';
    return {
      name: entry.name,
      version: entry.version,
      architecture: entry.architecture,
      suite: entry.suite,
      path: entry.path,
      sha256: entry.sha256,
      size: entry.size,
      source: entry.source,
      sourceVersion: entry.sourceVersion,
      signedBy: proven ? (suite?.signedBy ?? []) : [],
      inRelease: (proven ? suite?.inRelease : undefined) ?? lock.suites.find(({ name }) => name === entry.suite)?.inRelease.sha256 ?? '',
    };
  });
}
