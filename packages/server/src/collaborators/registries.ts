import { digestOf, errorCode } from '@colophon/core';
import { createRegistryClient, dockerCredentials, parseReference, type Registry, type RegistryClient } from '@colophon/oci';
import type { FindImageStore, ImageStore } from '../attestor/image-store.ts';

export interface Registries {
  /** Is this `HOST[:PORT]` the embedded registry? */
  isOwn(host: string): boolean;
  readonly own: Registry;
  /** Client of another registry, with the docker credentials of whoever runs the server. */
  client(host: string): RegistryClient;
  readonly imageStore: FindImageStore;
}

/** The embedded registry is called directly, by the names under which clients know this server; every other by its client. */
export function createRegistries(own: Registry, publicUrl: () => URL): Registries {
  const clients = new Map<string, RegistryClient>();
  const isOwn = (host: string): boolean => {
    const url = publicUrl();
    const port = url.port === '' ? '' : `:${url.port}`;
    return host === url.host || host === `localhost${port}` || host === `127.0.0.1${port}`;
  };
  const client = (host: string): RegistryClient => {
    const known = clients.get(host) ?? createRegistryClient({ registry: host, credentials: dockerCredentials() });
    clients.set(host, known);
    return known;
  };
  const embedded = embeddedStore(own);
  return {
    isOwn,
    own,
    client,
    imageStore: (name) => {
      const { registry, repository } = parseReference(name);
      return { store: isOwn(registry) ? embedded : remoteStore(client(registry)), path: repository };
    },
  };
}

function embeddedStore(registry: Registry): ImageStore {
  return {
    async putBlob(repository, bytes) {
      await registry.putBlob(repository, bytes);
    },
    async putManifest(repository, bytes, mediaType, tag) {
      try {
        const reference = tag?.name ?? digestOf(bytes);
        await registry.putManifest(repository, bytes, {
          reference,
          mediaType,
          subject: 'attestor',
          ...(tag === undefined ? {} : { expected: { digest: tag.expected } }),
        });
        return true;
      } catch (error) {
        if (errorCode(error) === 'OCI_TAG_MOVED') return false;
        throw error;
      }
    },
    getManifest: (repository, reference) => registry.getManifest(repository, reference),
  };
}

function remoteStore(client: RegistryClient): ImageStore {
  return {
    async putBlob(repository, bytes) {
      await client.pushBlob(repository, { digest: digestOf(bytes), size: bytes.length }, bytes);
    },
    async putManifest(repository, bytes, mediaType, tag) {
      try {
        const expected = tag === undefined ? {} : { expected: { digest: tag.expected } };
        await client.pushManifest(repository, tag?.name ?? digestOf(bytes), bytes, mediaType, expected);
        return true;
      } catch (error) {
        if (errorCode(error) === 'OCI_TAG_MOVED') return false;
        throw error;
      }
    },
    async getManifest(repository, reference) {
      const found = await client.manifest(repository, reference);
      return found === undefined
        ? undefined
        : { digest: found.descriptor.digest, mediaType: found.descriptor.mediaType, bytes: found.bytes };
    },
  };
}
