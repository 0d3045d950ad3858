import { existsSync } from 'node:fs';
import { stepCapabilities } from './capabilities.ts';
import type { Protection, Without } from './protections.ts';

export interface StepMount {
  /** In the nest. */
  readonly source: string;
  /** In the step; its links in the image are resolved already. */
  readonly path: string;
  readonly readOnly: boolean;
}

export interface StepArguments {
  /** In the nest: where the step's overlay is mounted. */
  readonly root: string;
  readonly readOnlyRoot: boolean;
  readonly mounts: readonly StepMount[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly hostname: string;
  /** On a host with a single id: what that id looks like inside. */
  readonly singleId?: { readonly uid: number; readonly gid: number };
  readonly memoryFilesBytes: number;
  readonly infoFd: number;
  readonly seccompFd?: number;
}

/** Files of /proc that tell of the machine or of other namespaces; hidden where they exist (as OCI runtimes do). */
const maskedFiles = ['kcore', 'keys', 'timer_list', 'sched_debug', 'latency_stats', 'interrupts'].map((name) => `/proc/${name}`);
const maskedFolders = ['acpi', 'scsi', 'asound'].map((name) => `/proc/${name}`);

/** Options of bubblewrap (bwrap(1)) for one step; the command is not among them. /sys stays as empty as the image has it. */
export function stepArguments(plan: StepArguments, without: Without): string[] {
  const { singleId } = plan;
  const protect = (protection: Protection, ...options: string[]) => (without.has(protection) ? [] : options);
  return [
    ['ipc', 'uts', 'cgroup-try'].map((kind) => `--unshare-${kind}`),
    protect('pid-namespace', '--unshare-pid'),
    singleId === undefined ? [] : ['--unshare-user', '--uid', String(singleId.uid), '--gid', String(singleId.gid)],
    ['--bind', plan.root, '/', '--proc', '/proc'],
    maskedFiles.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', '/dev/null', path]),
    maskedFolders.filter((path) => existsSync(path)).flatMap((path) => ['--tmpfs', path, '--remount-ro', path]),
    ['--dev', '/dev', '--size', String(plan.memoryFilesBytes), '--perms', '1777', '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    without.has('minimal-dev') ? ['--dev-bind', '/host-dev', '/host-dev'] : [],
    without.has('own-root') ? ['--bind', '/host-root', '/host-root'] : [],
    plan.mounts.flatMap(({ source, path, readOnly }) => [readOnly && !without.has('read-only') ? '--ro-bind' : '--bind', source, path]),
    // As a container runtime does: a working directory that the image does not have is made.
    ['--dir', plan.workingDir],
    plan.readOnlyRoot ? protect('read-only', '--remount-ro', '/') : [],
    ['--hostname', plan.hostname, '--die-with-parent', '--new-session'],
    protect('capabilities', '--cap-drop', 'ALL', ...stepCapabilities.flatMap((capability) => ['--cap-add', capability])),
    protect('clean-environment', '--clearenv'),
    Object.entries(plan.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ['--chdir', plan.workingDir, '--info-fd', String(plan.infoFd)],
    plan.seccompFd === undefined ? [] : ['--seccomp', String(plan.seccompFd)],
  ].flat();
}
