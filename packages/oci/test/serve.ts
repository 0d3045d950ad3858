import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { openBlobStore, openDatabase, type BlobStore, type Database } from '@colophon/store';
import { openRegistry, registryMigrations, type OpenRegistryOptions, type Registry } from '../src/index.ts';

export interface TestRegistry {
  readonly registry: Registry;
  readonly blobs: BlobStore;
  readonly database: Database;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  close(): Promise<void>;
}

/** A whole registry below `directory`, on a loopback port of the system's choice (or `port`). Without `authorize`, anybody may do anything. */
export async function serveRegistry(
  directory: string,
  options: Partial<OpenRegistryOptions> & { port?: number } = {},
): Promise<TestRegistry> {
  const blobs = await openBlobStore(join(directory, 'blobs'));
  const database = await openDatabase(join(directory, 'registry.sqlite'), { migrations: registryMigrations });
  const uploads = join(directory, 'uploads');
  const { registry, app } = await openRegistry({ blobs, database, uploads, authorize: () => 'anybody', ...options });
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer: (_options: unknown, listener: Parameters<typeof createServer>[1]) => createServer({ requestTimeout: 0 }, listener),
  } as Parameters<typeof createAdaptorServer>[0]);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    registry,
    blobs,
    database,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await once(server, 'close');
      await database.close();
    },
  };
}
