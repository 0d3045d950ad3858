import { chmod, chown, mkdir } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { firstId, type HostMode } from '../machine/mode.ts';

/** Connections at once through one relay; more wait in the kernel's queue or are refused by it. */
const mostConnections = 256;

export interface Relay {
  close(): void;
}

/**
 * Passes bytes between the connections that a server accepts and a Unix socket of the control plane. What speaks is a step:
 * its bytes are not looked at, its half-closes are passed on, its slowness slows only itself.
 */
export function relayTo(server: Server, socketPath: string): Relay {
  const open = new Set<Socket>();
  server.maxConnections = mostConnections;
  // A server that another process handed over has forgotten it; a client that has said all still waits for the answer.
  (server as Server & { allowHalfOpen: boolean }).allowHalfOpen = true;
  server.on('connection', (client) => {
    const upstream = connect({ path: socketPath, allowHalfOpen: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        if (one.errored !== null || !one.readableEnded) other.destroy();
      });
      one.pipe(other);
    }
  });
  return {
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** A Unix socket in the task's folder, which any user of a step may connect to, that leads to `socketPath`. The step never holds the control plane's own socket. */
export async function relaySocket(path: string, socketPath: string, mode: HostMode): Promise<Relay> {
  await mkdir(dirname(path), { recursive: true });
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  if (mode.kind === 'root') await chown(path, firstId, firstId);
  await chmod(path, 0o666);
  return relayTo(server, socketPath);
}

export const socketsFolder = (taskFolder: string): string => join(taskFolder, 'sockets');
