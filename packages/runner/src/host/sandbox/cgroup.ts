import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CgroupLimits {
  readonly memoryBytes: number;
  readonly pids: number;
  readonly cpuMillis?: number | undefined;
}

export interface Cgroup {
  enter(pid: number): void;
  /** True if the kernel killed something in it for want of memory. */
  outOfMemory(): boolean;
  /** Kills what is left and removes it. */
  remove(): void;
}

const root = '/sys/fs/cgroup';

export type CgroupVersion = 'v2' | 'v1' | 'none';

/** Which kind this machine grants us. */
export function cgroupVersion(): CgroupVersion {
  if (existsSync(join(root, 'cgroup.controllers'))) return tryMake(join(root, 'colophon')) ? 'v2' : 'none';
  return tryMake(join(root, 'memory', 'colophon')) && tryMake(join(root, 'pids', 'colophon')) ? 'v1' : 'none';
}

function tryMake(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

/** One step's limits. Where cgroups are not granted, rlimits and the watch over time and space are all there is: `doctor` says so. */
export function makeCgroup(name: string, limits: CgroupLimits, version: CgroupVersion): Cgroup {
  if (version === 'none') return { enter: () => {}, outOfMemory: () => false, remove: () => {} };
  const paths =
    version === 'v2'
      ? [join(root, 'colophon', name)]
      : ['memory', 'pids', 'cpu'].map((controller) => join(root, controller, 'colophon', name));
  if (version === 'v2')
    for (const parent of [root, join(root, 'colophon')])
      attempt(() => writeFileSync(join(parent, 'cgroup.subtree_control'), '+memory +pids +cpu'));
  for (const path of paths) attempt(() => mkdirSync(path, { recursive: true }));
  const write = (file: string, value: string) => attempt(() => writeFileSync(file, value));
  const [first, second, third] = paths as [string, string, string];
  if (version === 'v2') {
    write(join(first, 'memory.max'), String(limits.memoryBytes));
    write(join(first, 'memory.swap.max'), '0');
    write(join(first, 'memory.oom.group'), '1');
    write(join(first, 'pids.max'), String(limits.pids));
    if (limits.cpuMillis !== undefined) write(join(first, 'cpu.max'), `${limits.cpuMillis * 100} 100000`);
  } else {
    write(join(first, 'memory.limit_in_bytes'), String(limits.memoryBytes));
    write(join(first, 'memory.memsw.limit_in_bytes'), String(limits.memoryBytes));
    write(join(second, 'pids.max'), String(limits.pids));
    if (limits.cpuMillis !== undefined) write(join(third, 'cpu.cfs_quota_us'), String(limits.cpuMillis * 100));
  }
  return {
    enter: (pid) => {
      for (const path of paths) write(join(path, 'cgroup.procs'), String(pid));
    },
    outOfMemory: () => {
      const file = version === 'v2' ? 'memory.events' : 'memory.oom_control';
      return Number(/oom_kill (\d+)/.exec(readOr(join(first, file)))?.[1] ?? 0) > 0;
    },
    remove: () => {
      for (const path of paths) {
        for (let round = 0; round < 50 && killAll(path); round += 1);
        attempt(() => rmdirSync(path));
      }
    },
  };
}

/** Removes what a killed predecessor left; called once, before the first task. */
export function removeLeftovers(version: CgroupVersion): void {
  const parents =
    version === 'v2'
      ? [join(root, 'colophon')]
      : version === 'v1'
        ? ['memory', 'pids', 'cpu'].map((controller) => join(root, controller, 'colophon'))
        : [];
  for (const parent of parents) {
    for (const entry of existsSync(parent) ? readdirSync(parent, { withFileTypes: true }) : []) {
      if (!entry.isDirectory()) continue;
      killAll(join(parent, entry.name));
      attempt(() => rmdirSync(join(parent, entry.name)));
    }
  }
}

function killAll(path: string): boolean {
  const pids = readOr(join(path, 'cgroup.procs'))
    .split('\n')
    .filter((line) => line !== '');
  for (const pid of pids) attempt(() => process.kill(Number(pid), 'SIGKILL'));
  return pids.length > 0;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Not granted, gone already, or still in use: the caller's guarantee never rests on it alone.
  }
}
