import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, serveIpc, type Digest, type IpcServer } from '@colophon/core';
import { durable, openBlobStore } from '@colophon/store';
import { runnerErrors } from '../errors.ts';
import { parseTaskPlan, type TaskPlan } from '../plan/plan.ts';
import { diskClaims, plainClaims, type Claims } from './claims.ts';
import { collectLayouts } from './collect.ts';
import { doctor } from './doctor.ts';
import { noCgroups, openCgroups } from './machine/cgroup.ts';
import { hostMode } from './machine/mode.ts';
import { killMarked } from './machine/process-mark.ts';
import { diskQuota } from './machine/quota.ts';
import { findTools } from './machine/tools.ts';
import { openRootfsStore } from './rootfs/rootfs.ts';
import type { Protection } from './sandbox/protections.ts';
import type { HostContext } from './task/context.ts';
import { removeTree } from './task/remove-tree.ts';
import { runTask } from './task/run-task.ts';

export interface RunnerHostOptions {
  /** The data directory. */
  readonly data: string;
  readonly socketPath: string;
  /** The host has a mount namespace of its own, so that it may mount claims where they are (`main.ts` makes one). */
  readonly privateMounts?: boolean;
  /** Only for tests that show what a protection is for. */
  readonly without?: readonly Protection[];
}

export interface RunnerHost {
  /** Ends everything that runs, and waits for it. */
  close(): Promise<void>;
}

/**
 * The privileged process: unpacks images, makes sandboxes, takes what they left. It holds no key and opens no port. Everything that it runs for a caller ends when the caller's
 * connection does, and everything at all ends with the process itself. `runTask` is idempotent by uid in that a second call while the first runs is refused, and a later one starts
 * from the beginning.
 */
export async function startRunnerHost(options: RunnerHostOptions): Promise<RunnerHost> {
  const { data } = options;
  const work = join(data, 'runner', 'work');
  await durable.createDirectory(work, { mode: 0o700 });
  const tools = findTools();
  const mode = hostMode(tools);
  const without = new Set(options.without ?? []);
  const cgroups = without.has('control-groups') ? noCgroups : openCgroups(`colophon-${digestOf(data).slice(7, 19)}`);
  await removeLeftovers(work, (path) => removeTree(path, mode, tools));
  cgroups.removeLeftovers();
  const blobs = await openBlobStore(join(data, 'blobs'));
  const quota = await diskQuota(mode, tools);
  const rootfs = await openRootfsStore(join(data, 'runner', 'rootfs'), blobs, { mode, tools });
  const claims: Claims = quota === 'disk' && options.privateMounts === true ? diskClaims(tools) : plainClaims;
  const host: HostContext = {
    mode,
    tools,
    cgroups,
    rootfs,
    quota,
    work,
    logs: join(data, 'runs'),
    without,
  };
  const running = new Map<string, { controller: AbortController; done: Promise<unknown> }>();

  async function run(plan: TaskPlan, emit: (event: unknown) => void, signal: AbortSignal): Promise<unknown> {
    if (running.has(plan.uid)) throw runnerErrors.error('RUNNER_PLAN_INVALID', `task ${plan.uid} is running already`);
    const controller = new AbortController();
    const work = async () => {
      for (const volume of plan.volumes)
        if (volume.kind === 'directory' && volume.owned && !volume.readOnly)
          await claims.ensure(volume.path, volume.sizeLimit ?? plan.limits.diskBytes);
      return runTask(plan, host, emit, AbortSignal.any([signal, controller.signal]));
    };
    const done = work();
    running.set(plan.uid, { controller, done: done.catch(() => {}) });
    try {
      return await done;
    } finally {
      running.delete(plan.uid);
    }
  }

  const server: IpcServer = await serveIpc(options.socketPath, {
    doctor: async () => doctor({ data }),
    prepareImage: async ({ digest }: { digest: Digest }) => {
      const { config } = await rootfs.prepare(digest);
      return { digest, config };
    },
    runTask: async (params: unknown, emit, signal) => run(parseTaskPlan(params), emit, signal),
    cancelTask: async ({ uid }: { uid: string }) => {
      const task = running.get(uid);
      task?.controller.abort();
      await task?.done;
      return { running: task !== undefined };
    },
    collectLayouts: async ({ directory }: { directory: string }) => {
      await claims.open(directory);
      return collectLayouts(directory, blobs);
    },
    pruneImages: async ({ keep }: { keep: Digest[] }) => ({ removed: await rootfs.prune(new Set(keep)) }),
  });
  return {
    async close() {
      for (const { controller } of running.values()) controller.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
      await server.close();
      await claims.close();
      cgroups.close();
    },
  };
}

/**
 * Ends and removes what tasks of a killed predecessor left. Their processes end with the process that made them, and their mounts and loop devices with those;
 * a nest that is still there is one whose host ended this very moment.
 */
async function removeLeftovers(work: string, remove: (path: string) => Promise<void>): Promise<void> {
  for (const name of await readdir(work)) {
    await killMarked(join(work, name, 'nest'));
    await remove(join(work, name));
  }
}
