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

export type ListenOptions = Pick<ServerOptions, 'host' | 'port' | 'tlsCertificate' | 'tlsKey'>;
type Fetch = (request: Request) => Response | Promise<Response>;

/** Milliseconds; 0: no limit. */
export interface Patience {
  /** Until a request's headers are whole. */
  readonly headers: number;
  /** How often that is looked at. */
  readonly interval: number;
  /** That a connection may stand still, in either direction: long enough for a watch of runs where nothing happens. */
  readonly idle: number;
}

const usual: Patience = { headers: 30_000, interval: 5000, idle: 600_000 };

/**
 * Opens the one port. Whoever connects and sends nothing, or headers byte by byte, is cut off; a body may take its time, and each part says
 * for how long it may stand still.
 */
export async function listen(options: ListenOptions, handle: () => Fetch, patience: Patience = usual): Promise<Listener> {
  const listener = getRequestListener((request) => handle()(request), { overrideGlobalObjects: false });
  const http = { connectionsCheckingInterval: patience.interval };
  const tls = options.tlsCertificate !== undefined && options.tlsKey !== undefined;
  const server: Server = tls
    ? createTls(
        {
          ...http,
          cert: await readFile(options.tlsCertificate as string),
          key: await readFile(options.tlsKey as string),
          minVersion: 'TLSv1.2',
        },
        listener,
      )
    : createPlain(http, listener);
  server.headersTimeout = patience.headers;
  server.requestTimeout = 0;
  server.timeout = 0;
  server.keepAliveTimeout = 60_000;
  server.maxHeadersCount = 100;
  server.on('connection', (socket) => socket.setTimeout(patience.idle, () => socket.destroy()));
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
