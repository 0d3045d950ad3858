import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { KubeObject } from '@colophon/store';
import { lockMaintenance, lockServer } from '../backup/locks.ts';
import { dataDirectory, type DataDirectory } from '../config/data-directory.ts';
import { serverErrors } from '../errors.ts';
import { resources } from '../resources.ts';
import { pruneBlobs } from './blobs.ts';
import { expire, namesIn, retire } from './directories.ts';
import { namedByBuilds } from './live.ts';
import { openStoredObjects, takeInventory, unfinished, type Inventory, type PruneObjects } from './objects.ts';
import { oldRuns, type OldRuns } from './runs.ts';

export interface Removed {
  readonly kind: 'run' | 'build' | 'blob' | 'root file system' | 'source' | 'packages' | 'upload' | 'cache';
  readonly name: string;
  readonly bytes: number;
}

export interface PruneOptions {
  readonly data: string;
  /** Finished runs, and inputs and root file systems that no build names, are kept so long. */
  readonly keepDays: number;
  readonly dryRun: boolean;
  /** How a running server's objects are read and deleted; needed when one runs. */
  readonly objects?: PruneObjects | undefined;
  /** Milliseconds that new blobs are safe. Default: a day. */
  readonly grace?: number;
  /** Milliseconds between hiding and removing blobs beside a running server. Default: 15 s, longer than the registry waits for its database. */
  readonly pause?: number;
  readonly now?: number;
  readonly onProgress?: (part: string) => void;
  readonly signal?: AbortSignal;
}

export interface PruneResult {
  readonly removed: readonly Removed[];
  /** What was left for another time, and why. */
  readonly skipped: readonly { readonly what: string; readonly why: string }[];
  readonly bytes: number;
  readonly serverRuns: boolean;
}

const day = 86_400_000;

/**
 * Removes what nothing names and nobody uses: docs/operations.md, "Prune". Safe beside a running server; safe to repeat; a crash leaves nothing broken. Throws
 * SERVER_DATA_MISSING, SERVER_MAINTENANCE, SERVER_DATA_LOCKED (a server runs, and `objects` is missing).
 */
export async function prune(options: PruneOptions): Promise<PruneResult> {
  const directory = dataDirectory(resolve(options.data));
  await readFile(join(directory.root, 'version')).catch((cause: unknown) => {
    throw serverErrors.error('SERVER_DATA_MISSING', `${directory.root} is no data directory of Colophon`, { cause });
  });
  const stack = new AsyncDisposableStack();
  try {
    stack.defer(lockMaintenance(directory));
    const release = lockServer(directory);
    if (release !== undefined) stack.defer(release);
    const objects =
      release === undefined ? options.objects : stack.adopt(await openStoredObjects(directory.objects), (store) => store.close());
    if (objects === undefined)
      throw serverErrors.error('SERVER_DATA_LOCKED', `a server uses ${directory.root}, and its API cannot be asked`);
    return await pruneAll(directory, objects, release === undefined, options);
  } finally {
    await stack.disposeAsync();
  }
}

/** Is a server using the data directory now? */
export function serverRuns(data: string): boolean {
  const release = lockServer(dataDirectory(resolve(data)));
  release?.();
  return release === undefined;
}

async function pruneAll(directory: DataDirectory, objects: PruneObjects, running: boolean, options: PruneOptions): Promise<PruneResult> {
  const { dryRun, onProgress, signal, now = Date.now(), grace = day, pause = 15_000 } = options;
  const cutoff = now - options.keepDays * day;
  const removed: Removed[] = [];
  const skipped: { what: string; why: string }[] = [];

  onProgress?.('runs');
  const inventory = await takeInventory(objects);
  const old = oldRuns(inventory, cutoff);
  if (!dryRun) await deleteRuns(old, inventory, directory, objects);
  removed.push(...old.runs.map((run) => ({ kind: 'run' as const, name: label(run), bytes: 0 })));
  removed.push(...old.builds.map((build) => ({ kind: 'build' as const, name: label(build), bytes: 0 })));
  for (const run of old.waiting) skipped.push({ what: label(run), why: 'its provenance is not logged and stored yet' });

  onProgress?.('inputs and root file systems');
  const staying = inventory.builds.filter((build) => !old.builds.includes(build));
  const live = namedByBuilds(staying);
  const quiet = async () => unfinished(await takeInventory(objects)) === 0;
  const how = { cutoff, dryRun, quiet };
  const rootfs = join(directory.runner, 'rootfs');
  removed.push(...(await retire('root file system', rootfs, live.rootfs, how)));
  removed.push(...(await retire('source', join(directory.inputs, 'git'), live.commits, how)));
  removed.push(...(await retire('packages', join(directory.inputs, 'packages'), live.locks, how)));
  if (!(await quiet())) skipped.push({ what: 'inputs and root file systems', why: 'runs are unfinished' });

  onProgress?.('uploads and caches');
  const { root, inputs, blobs: blobsDirectory } = directory;
  removed.push(...(await expire('upload', join(root, 'uploads'), now - (running ? day : 0), dryRun)));
  removed.push(...(await expire('upload', join(blobsDirectory, 'incoming'), now - day, dryRun)));
  removed.push(...(await expire('cache', join(inputs, 'debian', 'partial'), now - day, dryRun)));
  for (const place of [join(inputs, 'debian', 'parsed'), join(root, 'cache')])
    removed.push(...(await expire('cache', place, cutoff, dryRun)));

  onProgress?.('blobs');
  const gone = new Set(removed.filter(({ kind }) => kind === 'root file system').map(({ name }) => name));
  const kept = new Set((await namesIn(rootfs)).filter((name) => !gone.has(name) && /^[0-9a-f]{64}$/.test(name)));
  const blobs = await pruneBlobs({
    directory,
    objects,
    live,
    rootfs: kept,
    newest: now - grace,
    pause: running ? pause : 0,
    dryRun,
    signal,
  });
  if (blobs === undefined) skipped.push({ what: 'blobs', why: 'the log’s index is being made again: nobody can say what the log names' });
  removed.push(...(blobs ?? []));
  return { removed, skipped, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0), serverRuns: running };
}

/** The run first, its builds after it: builds without a run are found again, runs without a build would never be attested. */
async function deleteRuns(old: OldRuns, { taskRuns }: Inventory, { runs, runner }: DataDirectory, objects: PruneObjects): Promise<void> {
  for (const run of old.runs) {
    const { uid = '', namespace = '' } = run.metadata;
    await objects.delete(run.kind === 'TaskRun' ? resources.taskruns : resources.pipelineruns, run);
    const children = taskRuns.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
    // A running server removes these by itself; for a stopped one it is done here.
    for (const one of [run, ...children]) await removeBelow(runs, one.metadata.uid);
    await removeBelow(join(runner, 'claims', namespace), uid);
  }
  for (const build of old.builds) await objects.delete(resources.builds, build);
}

/** Only ever something within `parent`, whatever the object says. */
async function removeBelow(parent: string, name: string | undefined): Promise<void> {
  if (name !== undefined && /^[A-Za-z0-9-]+$/.test(name)) await rm(join(parent, name), { recursive: true, force: true });
}

function label({ kind, metadata }: KubeObject): string {
  return `${kind.toLowerCase()}/${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}
