import { existsSync, readFileSync } from 'node:fs';
import { digestOf } from '@colophon/core';
import { writeTar, type Entry } from '@colophon/image';
import { createRegistryClient, mediaTypes, type Descriptor, type RegistryClient } from '@colophon/oci';
import type { BenchServer } from './server.ts';

const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));

/** Why steps cannot be run here; undefined when they can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'root is needed for sandboxes';
  return busybox === undefined ? 'busybox-static is not installed' : undefined;
}

/** A file system of one static busybox. */
export function busyboxLayer(): Buffer {
  const common = { uid: 0, gid: 0, mtime: 0 };
  const directory = (path: string, mode: number): Entry => ({ ...common, path, type: 'directory', mode });
  const link = (path: string): Entry => ({ ...common, path, type: 'symlink', mode: 0o777, linkTarget: 'busybox' });
  const content = readFileSync(busybox as string);
  return Buffer.from(
    writeTar([
      ...['bin', 'dev', 'etc', 'proc'].map((path) => directory(path, 0o755)),
      directory('tmp', 0o1777),
      { ...common, path: 'bin/busybox', type: 'file', mode: 0o755, content },
      ...['sh', 'true', 'echo', 'cat'].map((name) => link(`bin/${name}`)),
    ]),
  );
}

export function clientOf({ registryHost, token }: BenchServer): RegistryClient {
  return createRegistryClient({ registry: registryHost, credentials: async () => ({ username: 'bench', password: token }) });
}

/** Pushes an image of one layer through the registry's front door; `comment` makes it an image of its own. */
export async function pushImage(client: RegistryClient, repository: string, layer: Buffer, comment = ''): Promise<Descriptor> {
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await client.pushBlob(repository, descriptor, bytes);
    return descriptor;
  };
  const config = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], Labels: { comment } },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: await put(Buffer.from(JSON.stringify(config)), mediaTypes.config),
    layers: [await put(layer, mediaTypes.layer)],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  await client.pushManifest(repository, digest, bytes, mediaTypes.manifest);
  return { mediaType: mediaTypes.manifest, digest, size: bytes.length };
}
