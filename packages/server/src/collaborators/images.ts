import type { Digest, IpcClient } from '@colophon/core';
import { isForeignLayer, parseReference, references, type Descriptor, type FetchedManifest, type Index } from '@colophon/oci';
import { parseManifest } from '@colophon/oci';
import type { Images, ResolvedImage } from '@colophon/runner';
import type { BlobStore } from '@colophon/store';
import { serverErrors } from '../errors.ts';
import type { Registries } from './registries.ts';

/** Resolves step images: by the embedded registry or another, fetched into the blob store, verified, unpacked by the runner. */
export function createImages(options: { registries: Registries; blobs: BlobStore; runner: () => Promise<IpcClient> }): Images {
  const { registries, blobs, runner } = options;

  async function fetchManifest(
    host: string,
    repository: string,
    reference: string,
  ): Promise<Pick<FetchedManifest, 'descriptor' | 'bytes' | 'parsed'>> {
    if (!registries.isOwn(host)) {
      const found = await registries.client(host).manifest(repository, reference);
      if (found !== undefined) return found;
    } else {
      const found = await registries.own.getManifest(repository, reference);
      if (found !== undefined) {
        const parsed = parseManifest(found.bytes, found.mediaType);
        return { descriptor: { mediaType: found.mediaType, digest: found.digest, size: found.bytes.length }, bytes: found.bytes, parsed };
      }
    }
    throw serverErrors.error('SERVER_NOT_FOUND', `${host}/${repository} has no ${reference}`);
  }

  async function fetchContent(
    host: string,
    repository: string,
    found: Pick<FetchedManifest, 'bytes' | 'descriptor' | 'parsed'>,
  ): Promise<void> {
    if (!registries.isOwn(host)) {
      for (const part of references(found.parsed)) {
        if (isForeignLayer(part.mediaType) || (await blobs.stat(part.digest)) !== undefined) continue;
        await blobs.put(registries.client(host).blob(repository, part), { expected: part.digest });
      }
    }
    await blobs.put(found.bytes, { expected: found.descriptor.digest });
  }

  return {
    async resolve(text) {
      const { registry, repository, tag, digest } = parseReference(text);
      let found = await fetchManifest(registry, repository, digest ?? tag ?? 'latest');
      if (found.parsed.kind === 'index') found = await fetchManifest(registry, repository, platformOf(found.parsed.index, text).digest);
      await fetchContent(registry, repository, found);
      const { config } = await (
        await runner()
      ).call<{ digest: Digest; config: ResolvedImage['config'] }>('prepareImage', { digest: found.descriptor.digest });
      return { repository: `${registry}/${repository}`, digest: found.descriptor.digest, config };
    },
  };
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function platformOf(index: Index, reference: string): Descriptor {
  const wanted = architectures[process.arch];
  const found = index.manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === wanted);
  if (found === undefined) throw serverErrors.error('SERVER_NOT_FOUND', `${reference} has no image for linux/${wanted}`);
  return found;
}
