import { constants } from 'node:fs';
import { chmod, chown, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@colophon/core';
import { runnerErrors } from '../../errors.ts';
import type { TaskPlan, VolumeInstruction } from '../../plan/plan.ts';
import { firstId, type HostMode } from '../machine/mode.ts';
import type { NestBind } from '../sandbox/nest-command.ts';
import type { TaskFolder } from './contract.ts';

/** Where a volume is in the nest. */
export function volumePath(volume: VolumeInstruction): string {
  if (volume.kind === 'directory') return `/vol/${volume.name}`;
  return volume.kind === 'files' ? `/task/files/${volume.name}` : `/task/volumes/${volume.name}`;
}

export function isReadOnly(volume: VolumeInstruction): boolean {
  return volume.kind === 'files' || (volume.kind === 'directory' && volume.readOnly);
}

/** The host's directories that a task is given. The control plane named them; still, what is not a directory is refused. */
export async function volumeBinds(plan: TaskPlan, mode: HostMode): Promise<NestBind[]> {
  const binds: NestBind[] = [];
  for (const volume of plan.volumes) {
    if (volume.kind !== 'directory') continue;
    const handle = await open(volume.path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch((cause: unknown) =>
      Promise.reject(
        runnerErrors.error(
          'RUNNER_PLAN_INVALID',
          `volume ${volume.name}: ${volume.path} is no directory (${errorCode(cause) ?? 'unknown'})`,
          { cause },
        ),
      ),
    );
    try {
      if (volume.owned && !volume.readOnly) {
        if (mode.kind === 'root') await handle.chown(firstId, firstId);
        await handle.chmod(0o777);
      }
    } finally {
      await handle.close();
    }
    binds.push({ source: volume.path, target: volumePath(volume), readOnly: volume.readOnly });
  }
  return binds;
}

export function makeVolumes(folder: TaskFolder, plan: TaskPlan): void {
  for (const volume of plan.volumes) {
    if (volume.kind === 'empty') folder.directory(`volumes/${volume.name}`, 0o777);
    if (volume.kind !== 'files') continue;
    folder.directory(`files/${volume.name}`, 0o755);
    for (const [path, content] of Object.entries(volume.files)) {
      const parts = path.split('/').filter((part) => part !== '' && part !== '.');
      for (let depth = 1; depth < parts.length; depth += 1)
        folder.directory(`files/${volume.name}/${parts.slice(0, depth).join('/')}`, 0o755);
      folder.file(`files/${volume.name}/${parts.join('/')}`, Buffer.from(content, 'base64'), volume.mode);
    }
  }
}

/**
 * Checks a path within a volume part by part, following no link: earlier steps wrote the volume, and a link would lead elsewhere. With `make`, missing parts are
 * made, as Kubernetes does for a subPath. Gives false when a part is missing. `root` is the volume as the host reaches it.
 */
export async function checkWithin(root: string, path: string, options: { make: boolean; mode: HostMode }): Promise<boolean> {
  let folder = await open(root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    for (const [index, part] of parts.entries()) {
      const at = `/proc/self/fd/${folder.fd}/${part}`;
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const next = await open(at, flags).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return undefined;
        const why = errorCode(error) === 'ELOOP' ? 'is a symbolic link' : `cannot be opened (${errorCode(error) ?? 'unknown'})`;
        throw runnerErrors.error('RUNNER_MOUNT_REFUSED', `${JSON.stringify(parts.slice(0, index + 1).join('/'))} in a volume ${why}`, {
          cause: error,
          hint: 'Mounts never follow a link that a step left in a workspace.',
        });
      });
      if (next === undefined) {
        if (!options.make) return false;
        await mkdir(at, { mode: 0o777 });
      }
      const opened = next ?? (await open(at, flags | constants.O_DIRECTORY));
      await folder.close();
      folder = opened;
      if (next !== undefined) continue;
      if (options.mode.kind === 'root') await chown(`/proc/self/fd/${folder.fd}`, firstId, firstId);
      await chmod(`/proc/self/fd/${folder.fd}`, 0o777);
    }
    return true;
  } finally {
    await folder.close();
  }
}

export const inNest = (nestRoot: string, path: string): string => join(nestRoot, path);
