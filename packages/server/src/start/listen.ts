import { readFile } from 'node:fs/promises';
import { createServer as createPlain, type Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { errorCode } from '@colophon/core';
import type { ServerOptions } from '../config/options.ts';
import { serverErrors } from '../errors.ts';

export interface Listener {
  readonly port: number;
  readonly tls: boolean;
  close(): Promise<void>;
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** Opens the one port. Slow clients are cut off: headers within 30 seconds; a body may take its time, but not stand still for two minutes. */
export async function listen(options: ServerOptions, handle: () => Fetch): Promise<Listener> {
  const listener = getRequestListener((request) => handle()(request), { overrideGlobalObjects: false });
  const tls = options.tlsCertificate !== undefined && options.tlsKey !== undefined;
  const server: Server = tls
    ? createTls(
        { cert: await readFile(options.tlsCertificate as string), key: await readFile(options.tlsKey as string), minVersion: 'TLSv1.2' },
        listener,
      )
    : createPlain(listener);
  server.headersTimeout = 30_000;
  server.requestTimeout = 0;
  server.timeout = 0;
  server.keepAliveTimeout = 60_000;
  server.maxHeadersCount = 100;
  server.on('connection', (socket) => socket.setTimeout(600_000, () => socket.destroy()));
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, options.host, resolve));
  } catch (cause) {
    if (errorCode(cause) === 'EADDRINUSE')
      throw serverErrors.error('SERVER_PORT_TAKEN', `port ${options.port} of ${options.host} is taken`, { cause });
    throw cause;
  }
  return {
    port: (server.address() as AddressInfo).port,
    tls,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 500).unref();
      await closed;
    },
  };
}
