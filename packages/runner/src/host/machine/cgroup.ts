import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killQuietly } from '../sandbox/process.ts';

export interface CgroupLimits {
  readonly memoryBytes?: number;
  readonly pids?: number;
  readonly cpuMillis?: number;
}

/** One step's control groups. */
export interface Cgroup {
  /** Whoever writes 0 into each of these is in it. */
  readonly processFiles: readonly string[];
  /** Kills everything in it. */
  kill(): void;
  /** True if the kernel killed something in it for want of memory. */
  outOfMemory(): boolean;
  /** Kills what is left and removes it. */
  remove(): Promise<void>;
}

export interface Cgroups {
  readonly version: 'v2' | 'v1' | 'none';
  /** Which of memory, pids, cpu can be limited. */
  readonly controllers: readonly string[];
  make(name: string, limits: CgroupLimits): Cgroup;
  /** Kills and removes what a killed predecessor left. */
  removeLeftovers(): void;
  /** Removes our own groups; nothing may run in them any more. */
  close(): void;
}

const wanted = ['memory', 'pids', 'cpu'];

/**
 * The control groups that this machine grants. `group` names ours below the tree: two hosts on one machine do not meet. Looks, and makes
 * its own group; where that is refused there is no limit but time and disk, and `doctor` says so.
 */
export function openCgroups(group: string, tree = '/sys/fs/cgroup'): Cgroups {
  if (existsSync(join(tree, 'cgroup.controllers'))) {
    const home = join(tree, group);
    attempt(() => mkdirSync(home, { recursive: true }));
    for (const parent of [tree, home])
      for (const controller of wanted) attempt(() => writeFileSync(join(parent, 'cgroup.subtree_control'), `+${controller}`));
    const controllers = readOr(join(home, 'cgroup.subtree_control'))
      .split(/\s+/)
      .filter((name) => wanted.includes(name));
    if (controllers.includes('memory') && controllers.includes('pids')) return unified(home, controllers);
    attempt(() => rmdirSync(home));
    return noCgroups;
  }
  const homes = wanted
    .map((controller) => ({ controller, home: join(ownGroup(tree, controller), group) }))
    .filter(({ home }) => writable(home));
  return homes.length === 0 ? noCgroups : separate(homes);
}

/** Limits nothing. */
export const noCgroups: Cgroups = {
  version: 'none',
  controllers: [],
  make: () => ({ processFiles: [], kill: () => {}, outOfMemory: () => false, remove: async () => {} }),
  removeLeftovers: () => {},
  close: () => {},
};

/** cgroup v2 (kernel: admin-guide/cgroup-v2), below a group whose controllers are delegated. */
export function unified(home: string, controllers: readonly string[]): Cgroups {
  return {
    version: 'v2',
    controllers,
    make(name, limits) {
      const path = join(home, name);
      mkdirSync(path, { recursive: true });
      const write = (file: string, value: string) => attempt(() => writeFileSync(join(path, file), value));
      if (limits.memoryBytes !== undefined) {
        write('memory.max', String(limits.memoryBytes));
        write('memory.swap.max', '0');
      }
      if (limits.pids !== undefined) write('pids.max', String(limits.pids));
      if (limits.cpuMillis !== undefined) write('cpu.max', `${limits.cpuMillis * 100} 100000`);
      return group([path], join(path, 'memory.events'));
    },
    removeLeftovers: () => sweep(home),
    close: () => attempt(() => rmdirSync(home)),
  };
}

/** cgroup v1: a tree for each controller (kernel: admin-guide/cgroup-v1). */
function separate(homes: readonly { controller: string; home: string }[]): Cgroups {
  return {
    version: 'v1',
    controllers: homes.map(({ controller }) => controller),
    make(name, limits) {
      const paths = new Map(homes.map(({ controller, home }) => [controller, join(home, name)]));
      for (const path of paths.values()) mkdirSync(path, { recursive: true });
      const write = (controller: string, file: string, value: string) => {
        const path = paths.get(controller);
        if (path !== undefined) attempt(() => writeFileSync(join(path, file), value));
      };
      if (limits.memoryBytes !== undefined) {
        write('memory', 'memory.limit_in_bytes', String(limits.memoryBytes));
        write('memory', 'memory.memsw.limit_in_bytes', String(limits.memoryBytes));
      }
      if (limits.pids !== undefined) write('pids', 'pids.max', String(limits.pids));
      if (limits.cpuMillis !== undefined) write('cpu', 'cpu.cfs_quota_us', String(limits.cpuMillis * 100));
      return group([...paths.values()], join(paths.get('memory') ?? '', 'memory.oom_control'));
    },
    removeLeftovers() {
      for (const { home } of homes) sweep(home);
    },
    close() {
      for (const { home } of homes) attempt(() => rmdirSync(home));
    },
  };
}

function group(paths: readonly string[], memoryEvents: string): Cgroup {
  const kill = () => {
    for (const path of paths) killAll(path);
  };
  return {
    processFiles: paths.map((path) => join(path, 'cgroup.procs')),
    kill,
    outOfMemory: () => Number(/^oom_kill (\d+)/m.exec(readOr(memoryEvents))?.[1] ?? 0) > 0,
    async remove() {
      for (let round = 0; round < 100; round += 1) {
        kill();
        for (const path of paths) attempt(() => rmdirSync(path));
        if (!paths.some((path) => existsSync(path))) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}

/** Our own place in a v1 tree: a container may not write above it. */
function ownGroup(tree: string, controller: string): string {
  const line = readOr('/proc/self/cgroup')
    .split('\n')
    .map((text) => text.split(':'))
    .find(([, names]) => names?.split(',').includes(controller));
  const own = join(tree, controller, line?.[2] ?? '/');
  return existsSync(own) ? own : join(tree, controller);
}

function writable(home: string): boolean {
  attempt(() => mkdirSync(home, { recursive: true }));
  return existsSync(join(home, 'cgroup.procs'));
}

function sweep(home: string): void {
  if (!existsSync(home)) return;
  for (const entry of readdirSync(home, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    killAll(join(home, entry.name));
    attempt(() => rmdirSync(join(home, entry.name)));
  }
}

function killAll(path: string): void {
  attempt(() => writeFileSync(join(path, 'cgroup.kill'), '1'));
  for (const line of readOr(join(path, 'cgroup.procs')).split('\n')) if (line !== '' && line !== '0') killQuietly(Number(line));
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
    // Not granted, gone already, or still in use: no guarantee rests on it alone.
  }
}
