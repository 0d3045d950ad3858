import { lstatSync } from 'node:fs';
import { open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runnerErrors } from '../../errors.ts';
import type { StepInstruction, TaskPlan } from '../../plan/plan.ts';
import type { HostMode } from '../machine/mode.ts';
import type { Nest } from '../sandbox/nest.ts';
import type { Without } from '../sandbox/protections.ts';
import type { StepMount } from '../sandbox/step-arguments.ts';
import type { TaskFolder } from './contract.ts';
import { resolveInImage } from './destination.ts';
import { checkWithin, isReadOnly, volumePath } from './volumes.ts';

export interface MountContext {
  readonly nest: Nest;
  readonly mode: HostMode;
  readonly without: Without;
  /** The step's unpacked image, as the host reaches it. */
  readonly image: string;
}

/** Mount points below `/tekton`, which is read-only to steps, are made before the first one runs. */
export function makeMountPoints(folder: TaskFolder, plan: TaskPlan): void {
  for (const step of plan.steps)
    for (const { path } of step.mounts) if (below('/tekton', path) && !exists(folder, path)) folder.directory(path.slice(1), 0o755);
  for (const { path } of plan.sockets) if (below('/tekton', path)) folder.file(path.slice(1), '', 0o644);
}

function exists(folder: TaskFolder, path: string): boolean {
  return lstatSync(join(folder.host, path), { throwIfNoEntry: false }) !== undefined;
}

/**
 * What a step has mounted, outer paths before inner ones: Tekton's folders (its own writable, other steps' not), /workspace, the plan's volumes, sockets.
 */
export async function mountsOf(plan: TaskPlan, step: StepInstruction, index: number, context: MountContext): Promise<readonly StepMount[]> {
  const others = !context.without.has('step-folders');
  const mounts: StepMount[] = [
    { source: '/task/tekton', path: '/tekton', readOnly: others },
    ...[
      'results',
      'home',
      'creds',
      'artifacts',
      'termination',
      `run/${index}`,
      `steps/${step.container}/results`,
      `steps/${step.container}/artifacts`,
    ].map((name) => ({ source: `/task/tekton/${name}`, path: `/tekton/${name}`, readOnly: false })),
    { source: '/task/workspace', path: '/workspace', readOnly: false },
  ];
  const volumes = new Map(plan.volumes.map((volume) => [volume.name, volume]));
  for (const { volume: name, path, subPath, readOnly } of step.mounts) {
    const volume = volumes.get(name);
    if (volume === undefined)
      throw runnerErrors.error('RUNNER_PLAN_INVALID', `step ${step.name} mounts ${name}, which the plan does not have`);
    const root = volumePath(volume);
    const fixed = readOnly || isReadOnly(volume);
    mounts.push({ source: await within(root, subPath ?? '', fixed, context), path, readOnly: fixed });
  }
  for (const [position, { path }] of plan.sockets.entries()) mounts.push({ source: `/task/sockets/${position}`, path, readOnly: false });
  const resolved: StepMount[] = [];
  for (const mount of mounts) resolved.push({ ...mount, path: resolveInImage(context.image, mount.path) });
  const ordered = resolved.toSorted((left, right) => depth(left.path) - depth(right.path));
  await checkInner(ordered, context);
  return ordered;
}

async function within(root: string, subPath: string, fixed: boolean, { nest, mode, without }: MountContext): Promise<string> {
  const host = join(nest.root, root);
  // Only in the test of why links are not followed: the host resolves it, and it leads into the host.
  if (without.has('no-follow') && subPath !== '') return join('/host-root', await followed(join(host, subPath)));
  if (!(await checkWithin(host, subPath, { make: !fixed, mode })))
    throw runnerErrors.error('RUNNER_MOUNT_REFUSED', `${JSON.stringify(subPath)} is not in the volume, which is read-only`);
  return join(root, subPath);
}

/** Where a path leads for the host, with every link followed. */
async function followed(path: string): Promise<string> {
  const handle = await open(path);
  return readlink(`/proc/self/fd/${handle.fd}`).finally(() => handle.close());
}

/** A mount point within another volume was made, or replaced by a link, by whoever wrote that volume. */
async function checkInner(mounts: readonly StepMount[], { nest, mode }: MountContext): Promise<void> {
  for (const [index, inner] of mounts.entries()) {
    const outer = mounts.slice(0, index).findLast(({ path }) => below(path, inner.path));
    if (outer === undefined || outer.path === '/tekton') continue;
    await checkWithin(join(nest.root, outer.source), inner.path.slice(outer.path.length), { make: false, mode });
  }
}

const below = (outer: string, inner: string): boolean => inner.startsWith(`${outer}/`);
const depth = (path: string): number => path.split('/').length;
