import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { claimName, quantity, type PipelineRun, type TaskRun, type WorkspaceBinding } from '@colophon/pipeline';
import { durable } from '@colophon/store';
import { ownerOf } from './children-index.ts';

/**
 * Directories that outlive a TaskRun: claims and images workspaces. Below DATA/runner/claims/NAMESPACE/OWNER/, where OWNER
 * is the UID of the run that they are deleted with, or `_` for claims that are named by hand and stay. The host may keep a
 * file `NAME.disk` beside each: no name here ends so.
 */
export class Directories {
  readonly #claims: string;
  readonly #runs: string;

  constructor(data: string) {
    this.#claims = join(data, 'runner', 'claims');
    this.#runs = join(data, 'runs');
  }

  /** Where the steps' logs are. */
  runs(uid: string): string {
    return join(this.#runs, uid);
  }

  async claim(run: TaskRun, name: string, ofRun: boolean): Promise<string> {
    return this.#make(run, ofRun ? ownUid(run) : '_', `${safe(name)}.claim`);
  }

  /** One for each repository prefix and top-level run: its tasks share it. */
  async images(run: TaskRun, repository: string): Promise<string> {
    return this.#make(run, ownUid(run), `images-${createHash('sha256').update(repository).digest('hex').slice(0, 16)}`);
  }

  async #make(run: TaskRun, owner: string, name: string): Promise<string> {
    const path = join(this.#claims, safe(run.metadata.namespace ?? ''), owner, name);
    await durable.createDirectory(path);
    return path;
  }

  async forget(run: TaskRun | PipelineRun): Promise<void> {
    const uid = safe(run.metadata.uid ?? '');
    if (uid === '' || uid === '_') return;
    await rm(join(this.#claims, safe(run.metadata.namespace ?? ''), uid), { recursive: true, force: true });
    await rm(join(this.#runs, uid), { recursive: true, force: true });
  }

  /** Removes what belongs to runs that are no more: they were deleted while nobody watched. */
  async sweep(exists: (uid: string) => boolean): Promise<void> {
    for (const namespace of await names(this.#claims)) {
      for (const owner of await names(join(this.#claims, namespace))) {
        if (owner !== '_' && !exists(owner)) await rm(join(this.#claims, namespace, owner), { recursive: true, force: true });
      }
    }
    for (const uid of await names(this.#runs)) if (!exists(uid)) await rm(join(this.#runs, uid), { recursive: true, force: true });
  }
}

/** The top-level run: the PipelineRun, or the TaskRun itself. */
export function ownUid(run: TaskRun): string {
  return ownerOf(run) ?? run.metadata.uid ?? '';
}

/** The claims that a run's templates make, by the names that its tasks are bound to, with the bytes that each asks for. */
export function templateClaims(run: PipelineRun | TaskRun): Map<string, number | undefined> {
  const templates = (run.spec.workspaces ?? []).filter(({ volumeClaimTemplate }) => volumeClaimTemplate !== undefined);
  return new Map(templates.map((binding) => [claimName(binding, run.metadata.uid ?? ''), requested(binding)]));
}

function requested({ volumeClaimTemplate }: WorkspaceBinding): number | undefined {
  const resources = volumeClaimTemplate?.spec?.['resources'] as { requests?: { storage?: string | number } } | undefined;
  return bytes(resources?.requests?.storage);
}

/** A size that somebody asked for; undefined where it is none. */
export function bytes(size: string | number | undefined): number | undefined {
  const read = size === undefined ? undefined : quantity(String(size));
  return read !== undefined && read >= 1 && read <= Number.MAX_SAFE_INTEGER ? Math.floor(read) : undefined;
}

/** Names come from objects that were admitted; whatever they are, they stay one path component. */
function safe(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+$/, '_');
}

async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch {
    return [];
  }
}
