import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskPlan } from '../../plan/plan.ts';
import { makeDisk } from '../sandbox/disk.ts';
import type { NestPlan } from '../sandbox/nest-command.ts';
import { runHelper } from '../sandbox/process.ts';
import { processMark } from '../machine/process-mark.ts';
import type { HostContext } from './context.ts';
import { removeTree } from './remove-tree.ts';

/** A task's folder on the host, `DATA/runner/work/UID`: its disk, the pipes of its steps, and which process its nest is. No step ever sees it. */
export interface Work {
  readonly task: NestPlan['task'];
  pipes(step: number): { stdout: string; stderr: string };
  /** Notes the nest, so that a later host knows it for ours. */
  record(pid: number): Promise<void>;
  remove(): Promise<void>;
}

/** Room for the file system's own tables. */
const overhead = 4 * 2 ** 20;

export async function makeWork(plan: TaskPlan, { work, quota, tools, mode, without }: HostContext): Promise<Work> {
  const path = join(work, plan.uid);
  const remove = async () => {
    // What a step wrote is on a disk that is gone by now, or where only the tool can take it away.
    if (quota === 'none' || without.has('disk-quota')) await removeTree(path, mode, tools);
    else await rm(path, { recursive: true, force: true });
  };
  await remove();
  await mkdir(join(path, 'pipes'), { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  const pipes = (step: number) => ({ stdout: join(path, 'pipes', `${step}.out`), stderr: join(path, 'pipes', `${step}.err`) });
  const all = plan.steps.flatMap((_step, index) => Object.values(pipes(index)));
  const own = new Map(
    plan.volumes.map((volume) => [volume.name, volume.kind === 'empty' ? (volume.sizeLimit ?? plan.limits.diskBytes) : 0]),
  );
  const bytes = [...own.values()].reduce((sum, size) => sum + size, plan.limits.diskBytes) + overhead;
  const [task] = await Promise.all([
    taskOf(path, bytes),
    // Writable by all, readable by us: a step can open its own output again (/dev/stdout).
    runHelper(tools.mkfifo ?? 'mkfifo', ['-m', '0622', ...all]),
  ]);
  return {
    task,
    pipes,
    remove,
    record: async (pid) => writeFile(join(path, 'nest'), JSON.stringify(await processMark(pid)), { mode: 0o600 }),
  };

  async function taskOf(folder: string, size: number): Promise<NestPlan['task']> {
    if (quota === 'tmpfs' && !without.has('disk-quota')) return { kind: 'tmpfs', bytes: size };
    const directory = join(folder, 'task');
    await mkdir(directory, { mode: 0o755 });
    if (quota === 'none' || without.has('disk-quota')) return { kind: 'directory', path: directory };
    const file = join(folder, 'disk');
    await makeDisk(tools, file, size);
    return { kind: 'disk', file, mountPoint: directory };
  }
}
