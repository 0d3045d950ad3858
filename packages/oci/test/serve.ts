import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { openBlobStore, openDatabase, type BlobStore, type Database } from '@colophon/store';
import { openRegistry, registryMigrations, type OpenRegistryOptions, type Registry } from '../src/index.ts';

export interface Served {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  close(): Promise<void>;
}

export interface TestRegistry extends Served {
  readonly registry: Registry;
  readonly blobs: BlobStore;
  readonly database: Database;
}

export type Handler = (request: Request) => Response | Promise<Response>;

/** Serves on a loopback port of the system's choice. */
export async function serve(handler: Handler): Promise<Served> {
  const server = createAdaptorServer({ fetch: handler, serverOptions: { requestTimeout: 0 } });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export interface ServeOptions extends Partial<OpenRegistryOptions> {
  /** Stands between client and registry. */
  readonly around?: (request: Request, next: Handler) => Response | Promise<Response>;
}

/** A whole registry below `directory`. Without `authorize`, anybody may do anything. */
export async function serveRegistry(directory: string, options: ServeOptions = {}): Promise<TestRegistry> {
  const blobs = await openBlobStore(join(directory, 'blobs'));
  const database = await openDatabase(join(directory, 'registry.sqlite'), { migrations: registryMigrations });
  const uploads = join(directory, 'uploads');
  const { registry, app } = await openRegistry({ blobs, database, uploads, authorize: () => 'anybody', ...options });
  const { around } = options;
  const served = await serve(around === undefined ? app.fetch : (request) => around(request, app.fetch));
  return {
    registry,
    blobs,
    database,
    host: served.host,
    async close() {
      await served.close();
      await database.close();
    },
  };
}
