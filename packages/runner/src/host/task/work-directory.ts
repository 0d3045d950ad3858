import { chmod, chown, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runnerErrors } from '../../errors.ts';
import type { StepInstruction, TaskPlan } from '../../plan/plan.ts';
import { firstId } from '../sandbox/script.ts';

const run = promisify(execFile);

/** A task's own folder: a sized file system of its own, so that no step fills the machine's disk. */
export interface WorkDirectory {
  readonly path: string;
  /** Upper and work folder of a step's overlay, empty. */
  scratch(step: string): Promise<string>;
  /** `/tekton` as a step sees it, by host folder: what is read-only to it and what is not. */
  readonly tekton: string;
  volume(name: string): string;
  remove(): Promise<void>;
}

async function owned(path: string, mode = 0o755): Promise<void> {
  await mkdir(path, { recursive: true });
  await chown(path, firstId, firstId);
  await chmod(path, mode);
}

/** Makes the folder for one run of a plan. Whatever was there of an earlier try is removed first. */
export async function makeWorkDirectory(path: string, plan: TaskPlan): Promise<WorkDirectory> {
  await unmount(path);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
  const inodes = 1_000_000;
  await run('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${plan.limits.diskBytes},nr_inodes=${inodes},mode=700,nodev,nosuid`,
    'colophon-task',
    path,
  ]).catch((cause: unknown) =>
    Promise.reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', 'the task’s file system cannot be mounted', { cause })),
  );
  const tekton = join(path, 'tekton');
  for (const folder of ['results', 'home', 'creds', 'artifacts']) await owned(join(tekton, folder), folder === 'home' ? 0o755 : 0o777);
  for (const folder of ['steps', 'run', 'scripts', 'bin']) await mkdir(join(tekton, folder), { recursive: true, mode: 0o755 });
  await chmod(tekton, 0o755);
  for (const [index, step] of plan.steps.entries()) await prepareStep(tekton, step, index);
  await owned(join(path, 'workspace'), 0o777);
  await mkdir(join(path, 'volumes'), { mode: 0o755 });
  for (const volume of plan.volumes) {
    const target = join(path, 'volumes', volume.name);
    if (volume.kind === 'empty') await owned(target, 0o777);
    if (volume.kind === 'directory' && volume.owned) await owned(volume.path, 0o777);
    if (volume.kind !== 'files') continue;
    await mkdir(target, { mode: 0o755 });
    for (const [name, content] of Object.entries(volume.files)) {
      const file = join(target, name);
      await mkdir(join(file, '..'), { recursive: true, mode: 0o755 });
      await writeFile(file, Buffer.from(content, 'base64'), { mode: 0o600 });
      await chown(file, firstId, firstId);
      await chmod(file, volume.mode);
    }
  }
  return {
    path,
    tekton,
    volume: (name) => join(path, 'volumes', name),
    async scratch(step) {
      const scratch = join(path, 'scratch', step);
      await owned(join(scratch, 'upper'));
      await mkdir(join(scratch, 'work'), { mode: 0o700 });
      return scratch;
    },
    async remove() {
      await unmount(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function prepareStep(tekton: string, step: StepInstruction, index: number): Promise<void> {
  const own = join(tekton, 'steps', step.container);
  await mkdir(own, { mode: 0o755 });
  await owned(join(own, 'results'), 0o777);
  await owned(join(own, 'artifacts'), 0o777);
  await mkdir(join(tekton, 'run', String(index)), { mode: 0o755 });
  if (step.script !== undefined) {
    const script = join(tekton, 'scripts', `script-${index}`);
    await writeFile(script, step.script, { mode: 0o755 });
    await chmod(script, 0o755);
  }
}

/** Lazily, so that a process that still holds it (and is being killed) cannot keep us. */
async function unmount(path: string): Promise<void> {
  if (
    await lstat(path).then(
      () => true,
      () => false,
    )
  )
    await run('umount', ['-l', path]).catch(() => {});
}
