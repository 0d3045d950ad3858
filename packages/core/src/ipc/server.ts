import { createServer, type Socket } from 'node:net';
import { chmod, rm } from 'node:fs/promises';
import { coreErrors } from '../errors/core-errors.ts';
import { toErrorRecord } from '../errors/error.ts';
import { readMessages } from './lines.ts';
import type { Request } from './protocol.ts';

/**
 * One method of a private socket. `emit` sends events to the caller before the result; `signal` aborts when the caller
 * cancels or goes away. Parameters come from a peer that could open the socket (mode 0600): the same user.
 */
export type IpcHandler = (params: never, emit: (event: unknown) => void, signal: AbortSignal) => Promise<unknown>;

export interface IpcServer {
  close(): Promise<void>;
}

/**
 * Serves methods over a Unix socket, one JSON message a line. A socket left by a dead process is replaced. Requests
 * of one connection run concurrently; each answers once, with a result or an error record.
 */
export async function serveIpc(path: string, handlers: Readonly<Record<string, IpcHandler>>): Promise<IpcServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    accept(socket, handlers);
  });
  await rm(path, { force: true });
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  } finally {
    process.umask(mask);
  }
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function accept(socket: Socket, handlers: Readonly<Record<string, IpcHandler>>): void {
  const running = new Map<number, AbortController>();
  const send = (message: object) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const controller of running.values()) controller.abort();
  });
  readMessages(socket, (request: Request) => {
    if ('cancel' in request) return running.get(request.id)?.abort();
    const controller = new AbortController();
    running.set(request.id, controller);
    void answer(request, handlers, (event) => send({ id: request.id, event }), controller.signal)
      .then(
        (result) => send({ id: request.id, result: result ?? null }),
        (error) => send({ id: request.id, error: toErrorRecord(error) }),
      )
      .finally(() => running.delete(request.id));
  });
}

async function answer(
  request: { method: string; params: unknown },
  handlers: Readonly<Record<string, IpcHandler>>,
  emit: (event: unknown) => void,
  signal: AbortSignal,
): Promise<unknown> {
  const handler = Object.hasOwn(handlers, request.method) ? handlers[request.method] : undefined;
  if (handler === undefined) throw coreErrors.error('CORE_IPC_METHOD', `no method ${request.method}`);
  return handler(request.params as never, emit, signal);
}
