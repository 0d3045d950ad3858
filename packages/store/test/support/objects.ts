import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openObjectStore, type KubeObject, type ObjectStore, type WatchEvent } from '@colophon/store';
import { temporary } from './temporary.ts';
import { runs } from './types.ts';

export { maps, runs } from './types.ts';

export async function openStore(path = join(temporary(), 'objects.sqlite')): Promise<ObjectStore> {
  const store = await openObjectStore(path);
  onTestFinished(() => store.close());
  return store;
}

export function run(name: string, more: { metadata?: KubeObject['metadata']; spec?: unknown; status?: unknown } = {}): KubeObject {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name, namespace: 'default', ...more.metadata },
    spec: more.spec ?? {},
    ...(more.status === undefined ? {} : { status: more.status }),
  };
}

/** A watch whose events are collected as they come. */
export function follow(store: ObjectStore, options: Parameters<ObjectStore['watch']>[2], namespace: string | null = 'default') {
  const controller = new AbortController();
  const events: WatchEvent[] = [];
  let wake: (() => void) | undefined;
  const done = (async () => {
    for await (const event of store.watch(runs, namespace ?? undefined, { ...options, signal: controller.signal })) {
      events.push(event);
      wake?.();
    }
  })();
  return {
    events,
    done,
    /** What has come, as `ADDED one`, once there are that many. */
    async seen(count: number): Promise<string[]> {
      while (events.length < count) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), done]);
      return events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());
    },
    stop() {
      controller.abort();
      return done;
    },
  };
}
