import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '@colophon/core';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { resources } from '../resources.ts';

export interface PodLogsOptions {
  readonly store: ObjectStore;
  /** `DATA/runs`; the runner writes there, masked. */
  readonly directory: string;
}

/** The log of a step from its beginning; with `follow`, until the step has ended. */
export function podLogs({ store, directory }: PodLogsOptions) {
  return (
    taskRun: KubeObject,
    step: string,
    { follow, signal }: { follow: boolean; signal: AbortSignal },
  ): AsyncIterable<Uint8Array> | undefined => {
    const state = stepState(taskRun, step);
    const path = join(directory, taskRun.metadata.uid as string, `${state?.container ?? `step-${step}`}.log`);
    if (state === undefined && !follow) return undefined;
    return read(path, async () => !follow || (await hasEnded(store, taskRun, step)), signal);
  };
}

interface StepState {
  readonly name: string;
  readonly container?: string;
  readonly terminated?: unknown;
}

function stepState(taskRun: KubeObject, step: string): StepState | undefined {
  return ((taskRun.status?.steps ?? []) as StepState[]).find(({ name }) => name === step);
}

async function hasEnded(store: ObjectStore, { metadata }: KubeObject, step: string): Promise<boolean> {
  const now = await store.get(resources.taskruns, metadata.namespace, metadata.name as string);
  if (now === undefined || now.status?.completionTime !== undefined) return true;
  return stepState(now, step)?.terminated !== undefined;
}

async function* read(path: string, ended: () => Promise<boolean>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    while (!signal.aborted) {
      // Asked before reading: what was written before the end is then read in this round.
      const last = await ended();
      file ??= await open(path).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? undefined : Promise.reject(error)));
      for (;;) {
        const buffer = Buffer.allocUnsafe(1 << 16);
        const { bytesRead } = (await file?.read(buffer, 0, buffer.length)) ?? { bytesRead: 0 };
        if (bytesRead === 0) break;
        yield buffer.subarray(0, bytesRead);
      }
      if (last) return;
      await sleep(60, undefined, { signal }).catch(() => {});
    }
  } finally {
    await file?.close();
  }
}
