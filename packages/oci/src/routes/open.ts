import type { Hono } from 'hono';
import { createRegistry, type RegistryOptions } from '../registry/registry.ts';
import type { Registry } from '../registry/types.ts';
import { openUploads } from '../registry/uploads.ts';
import type { RegistryRoutesOptions } from './context.ts';
import { createRegistryRoutes } from './routes.ts';

export interface OpenRegistryOptions extends RegistryOptions, Pick<RegistryRoutesOptions, 'authorize' | 'blobLimit' | 'idle'> {
  /** Where uploads under way are kept: a folder of the registry's own, on the blob store's file system. */
  readonly uploads: string;
}

/** The registry and its routes together. */
export async function openRegistry(options: OpenRegistryOptions): Promise<{ registry: Registry; app: Hono }> {
  const registry = createRegistry(options);
  const { authorize, blobLimit, idle } = options;
  const uploads = await openUploads(options.uploads, blobLimit === undefined ? {} : { limit: blobLimit });
  const limits = { ...(blobLimit === undefined ? {} : { blobLimit }), ...(idle === undefined ? {} : { idle }) };
  return { registry, app: createRegistryRoutes({ registry, uploads, authorize, ...limits }) };
}
