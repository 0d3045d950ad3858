import type { BlobStore, Database } from '@colophon/store';
import { blobMethods } from './blobs.ts';
import { createGate } from './gate.ts';
import { manifestMethods } from './manifests.ts';
import { referrerMethods } from './referrers.ts';
import { tagMethods, type Immutable } from './tags.ts';
import type { Registry } from './types.ts';

export interface RegistryOptions {
  readonly blobs: BlobStore;
  /** Opened with `registryMigrations`. */
  readonly database: Database;
  /** Tags that can be set once, and then neither moved nor removed. Default: none. */
  readonly immutable?: Immutable;
}

/** One per database and process: what pushes and the collector of garbage may do beside each other is kept in memory. */
export function createRegistry({ blobs, database, immutable = () => false }: RegistryOptions): Registry {
  const gate = createGate();
  return {
    ...blobMethods(blobs, database, gate),
    ...manifestMethods(blobs, database, gate, immutable),
    ...tagMethods(database),
    ...referrerMethods(database),
  };
}
