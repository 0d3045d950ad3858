import { constants } from 'node:fs';
import { chmod, chown, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@colophon/core';
import { runnerErrors } from '../../errors.ts';
import type { StepInstruction, TaskPlan, VolumeInstruction } from '../../plan/plan.ts';
import { firstId } from '../sandbox/script.ts';
import type { WorkDirectory } from './work-directory.ts';

export interface HostMount {
  readonly source: string;
  /** Inside. */
  readonly path: string;
  readonly readOnly: boolean;
}

/**
 * What a step has mounted: Tekton's own folders (its results, home and step folder writable, those of other steps not), /workspace, the plan's volumes, sockets.
 * Outer paths come before inner ones.
 */
export async function mountsOf(plan: TaskPlan, step: StepInstruction, work: WorkDirectory): Promise<readonly HostMount[]> {
  const volumes = new Map(plan.volumes.map((volume) => [volume.name, volume]));
  const own = join(work.tekton, 'steps', step.container);
  const mounts: HostMount[] = [
    { source: work.tekton, path: '/tekton', readOnly: true },
    { source: join(work.tekton, 'results'), path: '/tekton/results', readOnly: false },
    { source: join(work.tekton, 'home'), path: '/tekton/home', readOnly: false },
    { source: join(work.tekton, 'creds'), path: '/tekton/creds', readOnly: false },
    { source: join(own, 'results'), path: `/tekton/steps/${step.container}/results`, readOnly: false },
    { source: join(own, 'artifacts'), path: `/tekton/steps/${step.container}/artifacts`, readOnly: false },
    { source: join(work.path, 'workspace'), path: '/workspace', readOnly: false },
  ];
  for (const { volume: name, path, subPath, readOnly } of step.mounts) {
    const volume = volumes.get(name);
    if (volume === undefined)
      throw runnerErrors.error('RUNNER_PLAN_INVALID', `step ${step.name} mounts ${name}, which the plan does not have`);
    const root = volume.kind === 'directory' ? volume.path : work.volume(name);
    const source = subPath === undefined || subPath === '' ? root : await subDirectory(root, subPath, readOnly);
    mounts.push({ source, path: path.replace(/\/+$/, ''), readOnly: readOnly || isReadOnly(volume) });
  }
  for (const { hostPath, path } of plan.sockets) mounts.push({ source: hostPath, path, readOnly: false });
  return mounts.toSorted((left, right) => left.path.split('/').length - right.path.split('/').length);
}

function isReadOnly(volume: VolumeInstruction): boolean {
  return volume.kind === 'files' || (volume.kind === 'directory' && volume.readOnly);
}

/**
 * A folder (or file) within a volume. Earlier steps wrote the volume: a link in the path would lead out of it, so each part is opened without following. Missing
 * parts are made, as Kubernetes does, unless the mount is read-only.
 */
async function subDirectory(root: string, subPath: string, readOnly: boolean): Promise<string> {
  let path = root;
  for (const part of subPath.split('/').filter((name) => name !== '' && name !== '.')) {
    path = join(path, part);
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => error);
    if (!(handle instanceof Error)) {
      await (handle as Awaited<ReturnType<typeof open>>).close();
      continue;
    }
    if (errorCode(handle) !== 'ENOENT' || readOnly)
      throw runnerErrors.error('RUNNER_PLAN_INVALID', `subPath ${JSON.stringify(subPath)} cannot be mounted: ${errorCode(handle) ?? ''}`, {
        cause: handle,
      });
    await mkdir(path, { mode: 0o777 });
    const { uid } = await stat(root);
    await chown(path, uid === 0 ? firstId : uid, uid === 0 ? firstId : uid);
    await chmod(path, 0o777);
  }
  return path;
}
