import { mkdir, readdir, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serveIpc, type Digest, type IpcServer } from '@colophon/core';
import { durable, openBlobStore } from '@colophon/store';
import { runnerErrors } from '../errors.ts';
import { parseTaskPlan } from '../plan/plan.ts';
import { collectLayouts } from './collect.ts';
import { doctor } from './doctor.ts';
import { openRootfsStore } from './rootfs/rootfs.ts';
import { cgroupVersion, removeLeftovers } from './sandbox/cgroup.ts';
import type { LaunchPlan } from './sandbox/launch.ts';
import { stage } from './sandbox/script.ts';
import { runTask } from './task/run-task.ts';

export interface RunnerHostOptions {
  readonly data: string;
  readonly socketPath: string;
  /** Only for tests that show what a protection is for. */
  readonly without?: LaunchPlan['without'];
}

export interface RunnerHost {
  close(): Promise<void>;
}

/**
 * The privileged process: unpacks images, makes sandboxes, takes what they left. It holds no key and opens no port. Everything that it runs ends when the caller's
 * connection does. `runTask` is idempotent by uid in that a second call while the first runs is refused, and a later one starts from the beginning.
 */
export async function startRunnerHost(options: RunnerHostOptions): Promise<RunnerHost> {
  const { data } = options;
  const work = join(data, 'runner', 'work');
  await durable.createDirectory(work);
  await mkdir(stage, { recursive: true, mode: 0o755 });
  await cleanUp(work);
  const cgroups = cgroupVersion();
  removeLeftovers(cgroups);
  const blobs = await openBlobStore(join(data, 'blobs'));
  const rootfs = await openRootfsStore(join(data, 'runner', 'rootfs'), blobs);
  const running = new Map<string, AbortController>();
  const host = { rootfs, work, logs: join(data, 'runs'), cgroups, ...(options.without === undefined ? {} : { without: options.without }) };

  const server: IpcServer = await serveIpc(options.socketPath, {
    doctor: async () => doctor({ data }),
    prepareImage: async ({ digest }: { digest: Digest }) => {
      const { config } = await rootfs.prepare(digest);
      return { digest, config };
    },
    runTask: async (params: unknown, emit, signal) => {
      const plan = parseTaskPlan(params);
      if (running.has(plan.uid)) throw runnerErrors.error('RUNNER_PLAN_INVALID', `task ${plan.uid} is running already`);
      const controller = new AbortController();
      running.set(plan.uid, controller);
      try {
        return await runTask(plan, host, emit, AbortSignal.any([signal, controller.signal]));
      } finally {
        running.delete(plan.uid);
      }
    },
    cancelTask: async ({ uid }: { uid: string }) => {
      running.get(uid)?.abort();
      return { running: running.has(uid) };
    },
    collectLayouts: async ({ directory }: { directory: string }) => collectLayouts(directory, blobs),
    pruneImages: async ({ keep }: { keep: Digest[] }) => ({ removed: await rootfs.prune(new Set(keep)) }),
  });
  return {
    async close() {
      for (const controller of running.values()) controller.abort();
      await server.close();
    },
  };
}

/** Unmounts and removes what tasks of a killed predecessor left. Their processes are gone: they die with the process that made them. */
async function cleanUp(work: string): Promise<void> {
  for (const name of await readdir(work)) {
    await promisify(execFile)('umount', ['-l', join(work, name)]).catch(() => {});
    await rm(join(work, name), { recursive: true, force: true });
  }
}
