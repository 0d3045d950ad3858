import { setTimeout as sleep } from 'node:timers/promises';
import { coreErrors, errorCode, type IpcClient } from '@colophon/core';
import type { TaskOutcome, TaskPlanInput } from '../plan/plan.ts';
import type { TaskHost } from './host.ts';

/**
 * The host behind its private socket. `connect` makes one connection; after the peer has gone it is tried again until
 * there is a new one, for whoever waits in `ready`.
 */
export function ipcTaskHost(connect: () => Promise<IpcClient>): TaskHost & { close(): void } {
  let client: IpcClient | undefined;
  let connecting: Promise<IpcClient> | undefined;
  let closed = false;

  function connected(): Promise<IpcClient> {
    if (client !== undefined) return Promise.resolve(client);
    connecting ??= connect()
      .then((fresh) => {
        client = fresh;
        void fresh.closed.then(() => void (client === fresh && (client = undefined)));
        if (closed) fresh.close();
        return fresh;
      })
      .finally(() => void (connecting = undefined));
    return connecting;
  }

  return {
    async ready(signal) {
      for (let wait = 10; ; wait = Math.min(wait * 2, 1_000)) {
        signal.throwIfAborted();
        if (closed) throw coreErrors.error('CORE_IPC_CLOSED', 'the connection to the runner host is closed');
        try {
          await connected();
          return;
        } catch {
          await sleep(wait, undefined, { signal });
        }
      }
    },
    async run(plan: TaskPlanInput, { onEvent }) {
      return (await connected()).call<TaskOutcome>('runTask', plan, { onEvent });
    },
    async cancel(uid) {
      try {
        await (await connected()).call('cancelTask', { uid });
      } catch (error) {
        // A task that nobody runs is cancelled; a host that is gone has killed it.
        if (!['RUNNER_TASK_UNKNOWN', 'CORE_IPC_CLOSED', 'ECONNREFUSED', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
      }
    },
    close() {
      closed = true;
      client?.close();
    },
  };
}
