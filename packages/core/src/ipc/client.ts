import { connect } from 'node:net';
import { coreErrors } from '../errors/core-errors.ts';
import { ColophonError } from '../errors/error.ts';
import { readMessages } from './lines.ts';
import type { Reply } from './protocol.ts';

export interface IpcClient {
  /**
   * Calls a method and waits for its result. Rejects with the other side's error, or CORE_IPC_CLOSED if the peer
   * goes away first: the caller cannot know whether the call took effect, so methods are idempotent.
   */
  call<Result>(method: string, params: unknown, options?: { onEvent?: (event: never) => void; signal?: AbortSignal }): Promise<Result>;
  /** Resolves when the connection ends, however it ends. */
  readonly closed: Promise<void>;
  close(): void;
}

interface Pending {
  onEvent: ((event: never) => void) | undefined;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export async function connectIpc(path: string): Promise<IpcClient> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const pending = new Map<number, Pending>();
  let nextId = 1;
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const { reject } of pending.values()) reject(coreErrors.error('CORE_IPC_CLOSED', `the peer at ${path} is gone`));
      pending.clear();
      resolve();
    });
  });
  readMessages(socket, (reply: Reply) => {
    const call = pending.get(reply.id);
    if (call === undefined) return;
    if ('event' in reply) return call.onEvent?.(reply.event as never);
    pending.delete(reply.id);
    if ('error' in reply) call.reject(ColophonError.fromRecord(reply.error));
    else call.resolve(reply.result);
  });
  return {
    closed,
    close: () => void socket.destroy(),
    call<Result>(method: string, params: unknown, options: { onEvent?: (event: never) => void; signal?: AbortSignal } = {}) {
      const id = nextId++;
      return new Promise<Result>((resolve, reject) => {
        if (socket.destroyed) return reject(coreErrors.error('CORE_IPC_CLOSED', `the peer at ${path} is gone`));
        const settled = () => options.signal?.removeEventListener('abort', cancel);
        pending.set(id, {
          onEvent: options.onEvent,
          resolve: (result) => (settled(), resolve(result as Result)),
          reject: (error) => (settled(), reject(error)),
        });
        const cancel = () => void (socket.destroyed || socket.write(`${JSON.stringify({ id, cancel: true })}\n`));
        options.signal?.addEventListener('abort', cancel, { once: true });
        socket.write(`${JSON.stringify({ id, method, params })}\n`);
        if (options.signal?.aborted) cancel();
      });
    },
  };
}
