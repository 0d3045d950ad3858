import type { IpcClient } from '@colophon/core';
import { manifestTypes, parseReference, type Descriptor } from '@colophon/oci';
import type { CollectedImage, Outputs, ProducedImage } from '@colophon/runner';
import type { BlobStore } from '@colophon/store';
import type { Registries } from './registries.ts';

/**
 * Takes what a TaskRun left in an images workspace: the runner checks each layout and copies it into the blob store; from there, and from nowhere else, it is
 * pushed. A push of what is there already changes nothing, so a repetition after a crash is safe.
 */
export function createOutputs(options: { registries: Registries; blobs: BlobStore; runner: () => Promise<IpcClient> }): Outputs {
  const { registries, blobs, runner } = options;

  async function push(repository: string, { descriptor, content, refName }: CollectedImage): Promise<void> {
    const { registry: host, repository: path } = parseReference(repository);
    const own = registries.isOwn(host);
    for (const part of content) {
      const isManifest = manifestTypes.includes(part.mediaType);
      if (!isManifest) {
        if (own) await registries.own.putBlob(path, blobs.read(part.digest), { expected: part.digest });
        else await registries.client(host).pushBlob(path, part, () => blobs.read(part.digest));
        continue;
      }
      await pushManifest(host, path, part, part.digest);
    }
    if (refName !== undefined) await pushManifest(host, path, descriptor, refName);
  }

  async function pushManifest(host: string, path: string, { digest, mediaType }: Descriptor, reference: string): Promise<void> {
    const bytes = await blobs.bytes(digest);
    if (registries.isOwn(host)) await registries.own.putManifest(path, bytes, { reference, mediaType, subject: 'controller' });
    else await registries.client(host).pushManifest(path, reference, bytes, mediaType);
  }

  return {
    async collect({ directory, repository, task, workspace, known }) {
      const collected = await (await runner()).call<readonly CollectedImage[]>('collectLayouts', { directory });
      const produced: ProducedImage[] = [];
      for (const image of collected) {
        const target = `${repository}/${image.name}`;
        const { digest, mediaType, size } = image.descriptor;
        const reference = image.refName === undefined ? `${target}@${digest}` : `${target}:${image.refName}`;
        if (known.some((other) => other.reference === reference && other.digest === digest)) continue;
        await push(target, image);
        // What only says something about an image of the layout is stored beside it, and is no product of its own.
        if (image.subject !== undefined && collected.some(({ descriptor }) => descriptor.digest === image.subject)) continue;
        produced.push({ task, workspace, repository: target, reference, digest, mediaType, size });
      }
      return produced;
    },
  };
}
