import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createLogRoutes, type Log } from '../src/index.ts';

/** The log's routes on a loopback port of the system's choice. */
export async function serveLog(log: Log): Promise<{ url: string; close(): Promise<void> }> {
  const server = createAdaptorServer({ fetch: createLogRoutes(log).fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
