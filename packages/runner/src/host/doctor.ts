import { mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCgroups } from './machine/cgroup.ts';
import { hostMode, type HostMode } from './machine/mode.ts';
import { diskQuota } from './machine/quota.ts';
import { findTools, toolPackage, type Tool, type Tools } from './machine/tools.ts';
import { openNest } from './sandbox/nest.ts';
import { nothingLeftOut } from './sandbox/protections.ts';
import { runHelper } from './sandbox/process.ts';
import { seccompFilter } from './sandbox/seccomp/filter.ts';

/** One line of `colophon doctor`. */
export interface Finding {
  readonly name: string;
  readonly state: 'good' | 'limited' | 'missing';
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** What this machine can and cannot do for sandboxes. Tries what can only be tried (namespaces, loop devices, control groups) and leaves nothing behind. */
export async function doctor({ data }: { data: string }): Promise<readonly Finding[]> {
  const tools = findTools();
  const mode = hostMode(tools);
  return [
    modeFinding(mode),
    await bubblewrap(tools),
    ...helpers(tools, mode),
    await namespaces(mode, tools),
    await disk(mode, tools),
    cgroups(),
    seccomp(),
    await space(data),
    node(),
  ];
}

function modeFinding({ kind, ids }: HostMode): Finding {
  const name = 'sandbox mode';
  if (kind === 'root')
    return { name, state: 'good', found: 'root host: ids of their own for steps, disks of their own, limits by control groups' };
  if (ids === 'range')
    return {
      name,
      state: 'limited',
      found: 'rootless host with a range of ids',
      advice: 'Run the server as root for disk images and control groups.',
    };
  return {
    name,
    state: 'limited',
    found: 'rootless host with a single id: a step owns every file of its sandbox, whatever user it runs as',
    advice: `Install uidmap and give this user a range: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${process.env['USER'] ?? 'USER'}. Or run the server as root.`,
  };
}

async function bubblewrap(tools: Tools): Promise<Finding> {
  const name = 'bubblewrap';
  if (tools.bwrap === undefined) return { name, state: 'missing', found: 'not installed', advice: 'apt-get install bubblewrap' };
  const version = (await runHelper(tools.bwrap, ['--version']).catch(() => 'unknown version')).trim();
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) === 0 && Number(minor) < 8)
    return { name, state: 'missing', found: version, advice: 'bubblewrap 0.8 or newer is needed.' };
  return { name, state: 'good', found: version };
}

function helpers(tools: Tools, mode: HostMode): Finding[] {
  const needed: Tool[] = [
    'sh',
    'nsenter',
    'unshare',
    'mount',
    'rm',
    'mkfifo',
    ...(mode.kind === 'root' ? (['umount', 'mkfs.ext4'] as const) : (['newuidmap'] as const)),
  ];
  const missing = needed.filter((tool) => tools[tool] === undefined);
  if (missing.length === 0) return [{ name: 'helper programs', state: 'good', found: needed.join(', ') }];
  return missing.map((tool) => ({
    name: tool,
    // Without these two there is a weaker way.
    state: tool === 'mkfs.ext4' || tool === 'newuidmap' ? ('limited' as const) : ('missing' as const),
    found: 'not installed',
    advice: `apt-get install ${toolPackage(tool)}`,
  }));
}

/** Makes the namespaces of a task, and ends them. */
async function namespaces(mode: HostMode, tools: Tools): Promise<Finding> {
  const name = 'namespaces';
  try {
    const folder = await mkdtemp(join(tmpdir(), 'colophon-doctor-'));
    try {
      const nest = await openNest({ binds: [], task: { kind: 'directory', path: folder } }, mode, tools, nothingLeftOut);
      await nest.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return { name, state: 'good', found: 'user, mount, pid, network, ipc and uts namespaces can be made' };
  } catch (error) {
    return { name, state: 'missing', found: error instanceof Error ? error.message : String(error), advice: await namespaceAdvice(mode) };
  }
}

async function namespaceAdvice(mode: HostMode): Promise<string> {
  if ((await readNumber('/proc/sys/user/max_user_namespaces')) === 0) return 'sysctl -w user.max_user_namespaces=15000';
  if ((await readNumber('/proc/sys/kernel/unprivileged_userns_clone')) === 0 && mode.kind === 'rootless')
    return 'sysctl -w kernel.unprivileged_userns_clone=1';
  if ((await readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns')) === 1 && mode.kind === 'rootless')
    return 'AppArmor restricts user namespaces of users here (Ubuntu 24.04 and later): give unshare and bwrap a profile that allows userns, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run the server as root.';
  return 'In a container, it must be allowed to make namespaces and to mount (CAP_SYS_ADMIN, an unmasked /proc, no seccomp profile that forbids unshare).';
}

async function readNumber(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text.trim());
}

async function disk(mode: HostMode, tools: Tools): Promise<Finding> {
  const name = 'disk quota';
  const quota = await diskQuota(mode, tools);
  if (quota === 'disk') return { name, state: 'good', found: 'a disk image of its own for each task' };
  const advice =
    mode.kind === 'root'
      ? 'Loop devices and mkfs.ext4 are needed: apt-get install e2fsprogs; in a container, allow /dev/loop*.'
      : 'Run the server as root.';
  if (quota === 'tmpfs')
    return {
      name,
      state: 'limited',
      found: 'a sized tmpfs for each task: what steps write is in memory; workspaces that outlive a task are not bounded',
      advice,
    };
  return {
    name,
    state: 'limited',
    found: 'none: a step can fill the file system of the data directory',
    advice: `${advice} Or a kernel from 6.6 on.`,
  };
}

function cgroups(): Finding {
  const name = 'control groups';
  const found = openCgroups('colophon-doctor');
  found.close();
  const { version, controllers } = found;
  if (version === 'none')
    return {
      name,
      state: 'limited',
      found: 'not granted: no limit of memory; processes are limited by rlimits alone',
      advice: 'Run under systemd with Delegate=yes, or as root on the host.',
    };
  const absent = ['memory', 'pids', 'cpu'].filter((controller) => !controllers.includes(controller));
  if (absent.length > 0)
    return { name, state: 'limited', found: `${version}, without ${absent.join(', ')}`, advice: 'Enable these controllers.' };
  return { name, state: 'good', found: `${version}: memory, pids, cpu` };
}

function seccomp(): Finding {
  const name = 'seccomp';
  if (seccompFilter() === undefined)
    return { name, state: 'missing', found: `no table for ${process.arch}`, advice: 'Steps run on x64 and arm64.' };
  return { name, state: 'good', found: `filter for ${process.arch}` };
}

async function space(data: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(data).catch(() => ({ bavail: 0, bsize: 0 }));
  const gibibytes = (bavail * bsize) / 2 ** 30;
  const found = `${gibibytes.toFixed(1)} GiB free in ${data}`;
  if (gibibytes >= 5) return { name: 'space', state: 'good', found };
  return { name: 'space', state: 'limited', found, advice: 'Quickstart needs about 5 GiB; `colophon prune` removes what nothing names.' };
}

function node(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 24) return { name: 'Node', state: 'good', found: process.version };
  return { name: 'Node', state: 'missing', found: process.version, advice: 'Node 24 is needed: npm ci installs it.' };
}
