import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { cgroupVersion } from './sandbox/cgroup.ts';
import { seccompFilter } from './sandbox/seccomp.ts';

/** One line of `colophon doctor`. */
export interface Finding {
  readonly name: string;
  readonly state: 'good' | 'limited' | 'missing';
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

const run = promisify(execFile);

/** What this machine can and cannot do for sandboxes. Looks; changes nothing. */
export async function doctor({ data }: { data: string }): Promise<readonly Finding[]> {
  return [
    await program('bubblewrap', 'bwrap', 'bubblewrap'),
    await program('unshare', 'unshare', 'util-linux'),
    await program('setpriv', 'setpriv', 'util-linux'),
    await program('nsenter', 'nsenter', 'util-linux'),
    await program('git', 'git', 'git'),
    mode(),
    await userNamespaces(),
    cgroups(),
    seccomp(),
    await space(data),
    node(),
  ];
}

async function program(name: string, command: string, packageName: string): Promise<Finding> {
  try {
    const { stdout } = await run(command, ['--version']);
    return { name, state: 'good', found: stdout.trim().split('\n')[0] ?? '' };
  } catch {
    return { name, state: 'missing', found: 'not installed', advice: `apt-get install ${packageName}` };
  }
}

function mode(): Finding {
  if (process.getuid?.() === 0)
    return { name: 'sandbox mode', state: 'good', found: 'root host: a range of ids for each step, cgroups where granted' };
  return {
    name: 'sandbox mode',
    state: 'missing',
    found: 'not root',
    advice: 'Run the server as root, or use a cluster driver: this version’s sandbox needs a root host.',
  };
}

async function userNamespaces(): Promise<Finding> {
  const name = 'user namespaces';
  const most = await readNumber('/proc/sys/user/max_user_namespaces');
  if (most === 0) return { name, state: 'missing', found: 'switched off', advice: 'sysctl -w user.max_user_namespaces=15000' };
  if (process.getuid?.() !== 0 && (await readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns')) === 1) {
    return {
      name,
      state: 'missing',
      found: 'restricted by AppArmor (Ubuntu 24.04 and later)',
      advice: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap',
    };
  }
  return { name, state: 'good', found: most === undefined ? 'present' : `at most ${most}` };
}

async function readNumber(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text.trim());
}

function cgroups(): Finding {
  const version = cgroupVersion();
  if (version === 'none')
    return {
      name: 'cgroups',
      state: 'limited',
      found: 'not granted: no limits of memory and processes for a step',
      advice: 'Run under systemd with Delegate=yes, or as root on the host.',
    };
  return { name: 'cgroups', state: 'good', found: version };
}

function seccomp(): Finding {
  if (seccompFilter() === undefined)
    return {
      name: 'seccomp',
      state: 'limited',
      found: `no table for ${process.arch}`,
      advice: 'Steps run without a filter of system calls here.',
    };
  return { name: 'seccomp', state: 'good', found: `filter for ${process.arch}` };
}

async function space(data: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(data).catch(() => ({ bavail: 0, bsize: 0 }));
  const gigabytes = (bavail * bsize) / 2 ** 30;
  const found = `${gigabytes.toFixed(1)} GiB free in ${data}`;
  return gigabytes < 5
    ? { name: 'space', state: 'limited', found, advice: 'Quickstart needs about 5 GiB; `colophon prune` removes what nothing names.' }
    : { name: 'space', state: 'good', found };
}

function node(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= 24
    ? { name: 'Node', state: 'good', found: process.version }
    : { name: 'Node', state: 'missing', found: process.version, advice: 'Node 24 is needed: npm ci installs it.' };
}
