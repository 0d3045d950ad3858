import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { firstId, type HostMode } from '../machine/mode.ts';
import type { Nest } from '../sandbox/nest.ts';
import type { TaskPlan } from '../../plan/plan.ts';

/**
 * The folder of a task as the host fills it before any step runs. Everything belongs to root of the task's user namespace; the host writes
 * below `/proc/PID/root/task`, where no link of a stranger's is in the way yet. Synchronous: dozens of small calls, each far shorter than a turn of the
 * thread pool.
 */
export interface TaskFolder {
  /** As the host reaches it. */
  readonly host: string;
  directory(path: string, mode: number): void;
  file(path: string, content: Uint8Array | string, mode: number): void;
  link(path: string, target: string): void;
  /** Gives a file that was kept ready its text and its name: succeeds on a disk that a step has filled. */
  finish(prepared: string, path: string, content: string): void;
}

export function taskFolder(nest: Nest, mode: HostMode): TaskFolder {
  const host = join(nest.root, 'task');
  const give = (path: string, bits: number) => {
    // A rootless host is itself root of the task's user namespace.
    if (mode.kind === 'root') chownSync(path, firstId, firstId);
    chmodSync(path, bits);
  };
  return {
    host,
    directory(path, bits) {
      mkdirSync(join(host, path), { recursive: true });
      give(join(host, path), bits);
    },
    file(path, content, bits) {
      mkdirSync(dirname(join(host, path)), { recursive: true });
      writeFileSync(join(host, path), content, { mode: 0o600 });
      give(join(host, path), bits);
    },
    link: (path, target) => symlinkSync(target, join(host, path)),
    finish(prepared, path, content) {
      const file = openSync(join(host, prepared), 'r+');
      writeSync(file, content, 0);
      ftruncateSync(file, content.length);
      closeSync(file);
      renameSync(join(host, prepared), join(host, path));
    },
  };
}

/** In the nest: where a step's overlay is put together. */
export const stepFolder = (index: number): string => `/task/steps/${index}`;

/** Writable by whatever user a step runs as, like Kubernetes' emptyDir. */
const shared = 0o777;

/**
 * Tekton's own folders (docs/container-contract.md, docs/tasks.md "Reserved directories"): `/tekton/results` is guaranteed, the others
 * are what steps have come to read. `steps/NAME` and `run/N` belong to one step each, which alone may write there.
 */
export function makeTektonFolders(folder: TaskFolder, plan: TaskPlan): void {
  const bits = 0o755;
  for (const name of ['', '/bin', '/scripts', '/steps', '/run']) folder.directory(`tekton${name}`, bits);
  for (const name of ['results', 'home', 'creds', 'artifacts']) folder.directory(`tekton/${name}`, shared);
  folder.file('tekton/termination', '', 0o666);
  folder.directory('workspace', shared);
  folder.directory('volumes', bits);
  folder.directory('files', bits);
  for (const [index, step] of plan.steps.entries()) {
    folder.directory(`tekton/steps/${step.container}`, bits);
    for (const name of ['results', 'artifacts']) folder.directory(`tekton/steps/${step.container}/${name}`, shared);
    folder.file(`tekton/steps/${step.container}/.exitCode`, '0000', 0o644);
    folder.directory(`tekton/run/${index}`, shared);
    folder.link(`tekton/steps/${index}`, step.container);
    if (step.script !== undefined) folder.file(`tekton/scripts/script-${index}`, withInterpreter(step.script), bits);
    folder.directory(`steps/${index}`, bits);
    for (const name of ['upper', 'work', 'root']) folder.directory(`steps/${index}/${name}`, bits);
  }
}

/** A script without a first line of its own is the shell's (Tekton: docs/tasks.md, "Running scripts within Steps"). */
function withInterpreter(script: string): string {
  return script.startsWith('#!') ? script : `#!/bin/sh\nset -e\n${script}`;
}
