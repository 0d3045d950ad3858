import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import type { HostMode } from '../machine/mode.ts';
import type { Tools } from '../machine/tools.ts';
import { taskDiskMountOptions } from './disk.ts';
import { shellWord } from './process.ts';
import type { Protection, Without } from './protections.ts';

/** A host directory that a task may see, by the name it has in the nest: `/vol/NAME` or `/rootfs/NAME`. */
export interface NestBind {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface NestPlan {
  readonly binds: readonly NestBind[];
  /** What `/task` is: a disk of its own, a tmpfs of so many bytes, or a directory of the host. */
  readonly task:
    | { readonly kind: 'disk'; readonly file: string; readonly mountPoint: string }
    | { readonly kind: 'tmpfs'; readonly bytes: number }
    | { readonly kind: 'directory'; readonly path: string };
}

/** The machine's programs, which set up a step before it starts; a step itself sees none of them. */
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

function systemRoot(): string[] {
  return systemFolders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => {
      if (lstatSync(folder).isSymbolicLink()) return ['--symlink', readlinkSync(folder), folder];
      return ['--ro-bind', folder, folder];
    });
}

/**
 * The nest of a task: mount, pid, network, ipc and uts namespaces whose file system holds the machine's programs
 * (read-only), the task's images and volumes, and nothing else of the machine. Made by the host's root (or, rootless, by root of a
 * user namespace of one user); then, on a root host, a user namespace is entered whose root is nobody outside. Steps' mounts are made in there:
 * whatever a hostile image or workspace makes a mount lead to, it finds only what is the task's own.
 *
 * The nest's first process only reads its standard input: when the host goes away, however it goes, that ends, and with the first process
 * of the pid namespace the kernel ends all that ever ran in the task, and with it the mounts.
 */
export function nestCommand(
  plan: NestPlan,
  mode: HostMode,
  tools: Tools,
  infoFd: number,
  without: Without,
): { file: string; args: string[] } {
  const tool = (name: keyof Tools): string => tools[name] ?? name;
  const { task } = plan;
  const taskSource = task.kind === 'disk' ? task.mountPoint : task.kind === 'directory' ? task.path : undefined;
  const protect = (protection: Protection, ...options: string[]) => (without.has(protection) ? [] : options);
  const bubblewrap = [
    [tool('bwrap')],
    protect('network-namespace', '--unshare-net'),
    protect('pid-namespace', '--unshare-pid', '--as-pid-1'),
    ['--unshare-ipc', '--unshare-uts', '--die-with-parent', '--info-fd', String(infoFd)],
    systemRoot(),
    // bubblewrap inside makes its root below /tmp.
    // A user namespace may mount a /proc of its own only where it sees a whole one.
    mode.kind === 'root' ? ['--dir', '/proc'] : ['--bind', '/proc', '/proc'],
    ['--dev', '/dev', '--dir', '/tmp', '--perms', '0755', '--dir', '/rootfs', '--perms', '0755', '--dir', '/vol'],
    taskSource === undefined ? ['--dir', '/task'] : ['--bind', taskSource, '/task'],
    plan.binds.flatMap(({ source, target, readOnly }) => [readOnly && !without.has('read-only') ? '--ro-bind' : '--bind', source, target]),
    without.has('own-root') ? ['--bind', '/', '/host-root'] : [],
    without.has('minimal-dev') ? ['--dev-bind', '/dev', '/host-dev'] : [],
    ['--chdir', '/', '--', tool('sh'), '-c', firstProcess(plan, mode, tools, without)],
  ].flat();
  const mountDisk =
    task.kind === 'disk'
      ? `${shellWord(tool('mount'))} -o ${taskDiskMountOptions} ${shellWord(task.file)} ${shellWord(task.mountPoint)} && `
      : '';
  if (mode.kind === 'root')
    return {
      file: tool('unshare'),
      args: ['--mount', '--propagation', 'private', tool('sh'), '-c', `${mountDisk}exec "$@"`, 'nest', ...bubblewrap],
    };
  const ids = mode.ids === 'range' ? ['--map-root-user', '--map-auto'] : ['--map-root-user'];
  return { file: tool('unshare'), args: ['--user', ...ids, ...bubblewrap] };
}

function firstProcess({ task }: NestPlan, mode: HostMode, tools: Tools, without: Without): string {
  const mount = tools.mount ?? 'mount';
  const wait = 'echo ready; while read -r line; do :; done';
  const lines = [
    'set -e',
    // Not bubblewrap's, which covers parts of it: see above.
    `${mount} -t proc -o nosuid,nodev,noexec proc /proc`,
    ...(task.kind === 'tmpfs' ? [`${mount} -t tmpfs -o size=${task.bytes},nosuid,nodev,mode=0755 task /task`] : []),
  ];
  if (mode.kind === 'root') {
    // Whoever listens below 1024 in there listens in the task's own network namespace.
    if (!without.has('network-namespace')) lines.push('echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start || :');
    const enter = without.has('user-namespace') ? '--mount' : '--user --mount';
    lines.push(`exec ${tools.unshare ?? 'unshare'} ${enter} --propagation private ${tools.sh ?? 'sh'} -c ${shellWord(wait)}`);
  } else lines.push(wait);
  return lines.join('\n');
}
