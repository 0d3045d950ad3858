import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createLayout, createRegistryClient, dockerCredentials, parseReference, pullToLayout, type FindCredentials } from '@colophon/oci';
import type { FetchImage } from '@colophon/rebuild';

export interface OwnRegistry {
  readonly host: string;
  readonly token: string;
}

/** Pulls images into `DIRECTORY/N`, each as a layout of its own: from the second server with its token, from elsewhere as docker would. */
export function imageFetcher(directory: string, own?: OwnRegistry): FetchImage {
  let count = 0;
  const credentials: FindCredentials = async (host) =>
    own !== undefined && host === own.host ? { username: 'colophon', password: own.token } : dockerCredentials()(host);
  return async (reference, digest) => {
    const { registry, repository } = parseReference(reference);
    const path = join(directory, `${(count += 1)}-${repository.slice(repository.lastIndexOf('/') + 1)}`);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await pullToLayout(createRegistryClient({ registry, credentials }), repository, digest, await createLayout(path));
    return path;
  };
}
