import { chmod, chown, mkdir, open, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { firstId, type HostMode } from '../machine/mode.ts';
import type { Nest } from '../sandbox/nest.ts';
import type { TaskPlan } from '../../plan/plan.ts';

/**
 * The folder of a task as the host fills it before any step runs. Everything belongs to root of the task's user namespace; the host writes
 * below `/proc/PID/root/task`, where no link of a stranger's is in the way yet.
 */
export interface TaskFolder {
  /** As the host reaches it. */
  readonly host: string;
  directory(path: string, mode: number): Promise<void>;
  file(path: string, content: Uint8Array | string, mode: number): Promise<void>;
  link(path: string, target: string): Promise<void>;
  /** Gives a file that was kept ready its text and its name: succeeds on a disk that a step has filled. */
  finish(prepared: string, path: string, content: string): Promise<void>;
}

export function taskFolder(nest: Nest, mode: HostMode): TaskFolder {
  const host = join(nest.root, 'task');
  const give = async (path: string, bits: number) => {
    // A rootless host is itself root of the task's user namespace.
    if (mode.kind === 'root') await chown(path, firstId, firstId);
    await chmod(path, bits);
  };
  const folder: TaskFolder = {
    host,
    async directory(path, bits) {
      await mkdir(join(host, path), { recursive: true });
      await give(join(host, path), bits);
    },
    async file(path, content, bits) {
      await mkdir(dirname(join(host, path)), { recursive: true });
      await writeFile(join(host, path), content, { mode: 0o600 });
      await give(join(host, path), bits);
    },
    link: (path, target) => symlink(target, join(host, path)),
    async finish(prepared, path, content) {
      const handle = await open(join(host, prepared), 'r+');
      try {
        await handle.write(content, 0);
        await handle.truncate(content.length);
      } finally {
        await handle.close();
      }
      await rename(join(host, prepared), join(host, path));
    },
  };
  return folder;
}

/** Writable by whatever user a step runs as, like Kubernetes' emptyDir. */
const shared = 0o777;

/**
 * Tekton's own folders (docs/container-contract.md, docs/tasks.md "Reserved directories"): `/tekton/results` is guaranteed, the others
 * are what steps have come to read. `steps/NAME` and `run/N` belong to one step each, which alone may write there.
 */
export async function makeTektonFolders(folder: TaskFolder, plan: TaskPlan): Promise<void> {
  const bits = 0o755;
  for (const name of ['', '/bin', '/scripts', '/steps', '/run']) await folder.directory(`tekton${name}`, bits);
  for (const name of ['results', 'home', 'creds', 'artifacts']) await folder.directory(`tekton/${name}`, shared);
  await folder.file('tekton/termination', '', 0o666);
  await folder.directory('workspace', shared);
  await folder.directory('volumes', bits);
  await folder.directory('files', bits);
  for (const [index, step] of plan.steps.entries()) {
    await folder.directory(`tekton/steps/${step.container}`, bits);
    for (const name of ['results', 'artifacts']) await folder.directory(`tekton/steps/${step.container}/${name}`, shared);
    await folder.file(`tekton/steps/${step.container}/.exitCode`, '0000', 0o644);
    await folder.directory(`tekton/run/${index}`, shared);
    await folder.link(`tekton/steps/${index}`, step.container);
    if (step.script !== undefined) await folder.file(`tekton/scripts/script-${index}`, withInterpreter(step.script), bits);
    await folder.directory(`steps/${index}`, bits);
    for (const name of ['upper', 'work', 'root']) await folder.directory(`steps/${index}/${name}`, bits);
  }
}

/** A script without a first line of its own is the shell's (Tekton: docs/tasks.md, "Running scripts within Steps"). */
function withInterpreter(script: string): string {
  return script.startsWith('#!') ? script : `#!/bin/sh\nset -e\n${script}`;
}
