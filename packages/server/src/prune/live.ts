import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDigest, type Digest } from '@colophon/core';
import { parseLock } from '@colophon/debian';
import { parseCheckpoint } from '@colophon/log';
import { createRegistry, manifestLimit, parseManifest, references } from '@colophon/oci';
import type { BlobStore, KubeObject } from '@colophon/store';
import { readDatabase } from '../backup/snapshot.ts';
import type { DataDirectory } from '../config/data-directory.ts';
import { recordOf, statusOf } from './objects.ts';

/** What names blobs, inputs and root file systems. */
export interface Live {
  readonly blobs: Set<Digest>;
  /** Manifests of step images: what they name is named too. */
  readonly images: Set<Digest>;
  readonly commits: Set<string>;
  /** Hex SHA-256 of locks. */
  readonly locks: Set<string>;
  /** Hex digests of step images. */
  readonly rootfs: Set<string>;
}

/** What builds name: their signed items, packages, sources and step images. */
export function namedByBuilds(builds: readonly KubeObject[]): Live {
  const live: Live = { blobs: new Set(), images: new Set(), commits: new Set(), locks: new Set(), rootfs: new Set() };
  const add = (digest: string | undefined) => digest !== undefined && isDigest(digest) && live.blobs.add(digest);
  for (const build of builds) {
    const { inputs, stepImages } = recordOf(build);
    for (const { signed, logged } of statusOf(build)?.items ?? []) [signed, logged].forEach(add);
    for (const { kind, digest, packages = [] } of inputs) {
      if (kind === 'source') live.commits.add(digest['gitCommit'] ?? '');
      else live.locks.add(digest['sha256'] ?? '');
      for (const { sha256, inRelease } of packages) [`sha256:${sha256}`, `sha256:${inRelease}`].forEach(add);
    }
    for (const { digest } of stepImages) {
      live.images.add(digest);
      live.rootfs.add(digest.slice(digest.indexOf(':') + 1));
    }
  }
  return live;
}

/** Every digest that some repository of the registry names. */
export async function namedByRegistry(directory: DataDirectory, blobs: BlobStore): Promise<Set<Digest>> {
  const database = readDatabase(directory.registry);
  try {
    const named = new Set<Digest>();
    for await (const digest of createRegistry({ blobs, database }).liveDigests()) named.add(digest);
    return named;
  } finally {
    await database.close();
  }
}

/** Packages, indices and signed files of the locks whose directories are here. */
export async function namedByLocks(packages: string): Promise<Set<Digest>> {
  const named = new Set<Digest>();
  for (const name of await readdir(packages).catch(() => [])) {
    const text = await readFile(join(packages, name, 'lock.json')).catch(() => undefined);
    if (text === undefined) continue;
    const lock = parseLock(text);
    for (const { sha256 } of lock.packages) named.add(`sha256:${sha256}`);
    for (const { inRelease, indices } of lock.suites) for (const { sha256 } of [inRelease, ...indices]) named.add(`sha256:${sha256}`);
  }
  return named;
}

/** Adds what the manifests among these digests name, and so on; what is no manifest, or not here, names nothing. */
export async function withContents(roots: Iterable<Digest>, blobs: BlobStore): Promise<Set<Digest>> {
  const named = new Set<Digest>();
  const queue = [...roots];
  for (let digest = queue.pop(); digest !== undefined; digest = queue.pop()) {
    if (named.has(digest)) continue;
    named.add(digest);
    const size = (await blobs.stat(digest))?.size ?? Infinity;
    if (size > manifestLimit) continue;
    try {
      for (const child of references(parseManifest(await blobs.bytes(digest), undefined))) queue.push(child.digest);
    } catch {
      // Not a manifest.
    }
  }
  return named;
}

export interface LogKeys {
  /** Does an entry of the log name this digest: as its attestation, envelope or artifact? */
  names(digest: Digest): boolean;
  close(): void;
}

/**
 * The log's index (table `log_keys` of the log room's `IndexDatabase`), read only. Undefined while the index knows less than the tree: then nobody can say
 * which attestations are named.
 */
export async function openLogKeys({ log }: DataDirectory): Promise<LogKeys | undefined> {
  const checkpoint = await readFile(join(log, 'checkpoint'), 'utf8').catch(() => undefined);
  if (checkpoint === undefined) return { names: () => false, close: () => {} };
  const { size } = parseCheckpoint(checkpoint).checkpoint;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(log, 'log.sqlite'), { readOnly: true, timeout: 10_000 });
    const head = database.prepare('SELECT size FROM log_head').get() as { size: number } | undefined;
    const entries = database.prepare('SELECT count(*) AS n FROM log_entries').get() as { n: number };
    if ((head?.size ?? 0) < size || entries.n < size) throw new Error('the index is behind');
    const statement = database.prepare('SELECT 1 FROM log_keys WHERE key = ? LIMIT 1');
    const opened = database;
    return { names: (digest) => statement.get(digest) !== undefined, close: () => opened.close() };
  } catch {
    database?.close();
    return undefined;
  }
}
