import type { Digest } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import type { Layout } from '../layout/read.ts';
import type { LayoutWriter } from '../layout/write.ts';
import type { Registry } from '../registry/types.ts';
import type { ContentDescriptor, Descriptor } from '../types/descriptor.ts';
import { references } from '../types/manifest.ts';
import type { BlobSource } from './push.ts';
import { isForeignLayer, manifestTypes } from '../types/media-types.ts';
import { parseManifest } from '../types/manifest.ts';
import type { RegistryClient } from './client.ts';

/** Where an image comes from. */
interface Source {
  manifest(descriptor: Descriptor): Promise<Buffer>;
  blob(descriptor: Descriptor): AsyncIterable<Uint8Array>;
}

/** Where an image goes to: a registry's client, or our own registry in this process. */
export interface PushTarget {
  pushBlob(repository: string, descriptor: ContentDescriptor, source: BlobSource, options?: { mountFrom?: string }): Promise<unknown>;
  pushManifest(repository: string, reference: string, bytes: Uint8Array, mediaType: string): Promise<Digest>;
}

/** Our own registry as a target, by a caller of this process who may read all of it; `subject` is recorded as who pushed. */
export function directTarget(registry: Registry, subject: string): PushTarget {
  return {
    async pushBlob(repository, { digest, size }, source) {
      if ((await registry.statBlob(repository, digest)) !== undefined || (await registry.mountBlob(repository, digest))) return;
      await registry.putBlob(repository, source instanceof Uint8Array ? source : source(), { expected: digest, limit: size });
    },
    pushManifest: async (repository, reference, bytes, mediaType) =>
      (await registry.putManifest(repository, bytes, { reference, mediaType, subject })).digest,
  };
}

/** Blobs under way at once. */
const parallel = 4;
const depthLimit = 4;
const countLimit = 20_000;

interface Sink {
  blob(descriptor: Descriptor, content: () => AsyncIterable<Uint8Array>): Promise<unknown>;
  manifest(descriptor: Descriptor, bytes: Buffer, depth: number): Promise<unknown>;
}

/** Moves an image with everything below it, each thing once: blobs first, each manifest after what it names. */
async function transfer(source: Source, root: Descriptor, sink: Sink): Promise<void> {
  const done = new Set<string>();

  async function move(descriptor: Descriptor, depth: number): Promise<void> {
    if (depth > depthLimit) throw ociErrors.error('OCI_MANIFEST_INVALID', `indexes are nested deeper than ${depthLimit}`);
    const bytes = await source.manifest(descriptor);
    const children = references(parseManifest(bytes, descriptor.mediaType)).filter(({ digest, mediaType }) => {
      const key = `${digest} ${manifestTypes.includes(mediaType)}`;
      return !isForeignLayer(mediaType) && !done.has(key) && done.add(key);
    });
    if (done.size > countLimit) throw ociErrors.error('OCI_TOO_LARGE', `the image names more than ${countLimit} things`);
    const blobs = children.filter(({ mediaType }) => !manifestTypes.includes(mediaType));
    const queue = blobs.values();
    const workers = Array.from({ length: Math.min(parallel, blobs.length) }, async () => {
      for (const blob of queue) await sink.blob(blob, () => source.blob(blob));
    });
    // All have ended before a failure is told: nothing goes on behind the caller's back.
    const results = await Promise.allSettled(workers);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    for (const child of children) if (manifestTypes.includes(child.mediaType)) await move(child, depth + 1);
    await sink.manifest(descriptor, bytes, depth);
  }

  await move(root, 0);
}

/** Pushes an image of a layout with everything below it, the tag last. */
export async function pushLayout(
  layout: Layout,
  descriptor: Descriptor,
  target: PushTarget,
  repository: string,
  tag?: string,
): Promise<void> {
  const source = { manifest: (child: Descriptor) => layout.bytes(child), blob: (child: Descriptor) => layout.blob(child) };
  await transfer(source, descriptor, {
    blob: (blob, content) => target.pushBlob(repository, blob, content),
    manifest: (child, bytes, depth) =>
      target.pushManifest(repository, depth === 0 && tag !== undefined ? tag : child.digest, bytes, child.mediaType),
  });
}

async function fromRegistry(client: RegistryClient, repository: string, reference: string): Promise<{ source: Source; root: Descriptor }> {
  const get = async (name: string) => {
    const found = await client.manifest(repository, name);
    if (found === undefined) throw ociErrors.error('OCI_NOT_FOUND', `${client.registry}/${repository} has no ${name}`);
    return found;
  };
  const root = await get(reference);
  const source: Source = {
    manifest: async ({ digest, mediaType }) => {
      const found = digest === root.descriptor.digest ? root : await get(digest);
      // The one who names it says what it is; a registry that says something else has its clients see different images.
      if (found.descriptor.mediaType !== mediaType)
        throw ociErrors.error('OCI_MANIFEST_INVALID', `${digest} should be ${mediaType}, but is served as ${found.descriptor.mediaType}`);
      return found.bytes;
    },
    blob: (descriptor) => client.blob(repository, descriptor),
  };
  return { source, root: root.descriptor };
}

/** Pulls an image into a layout; gives its descriptor. OCI_NOT_FOUND. */
export async function pullToLayout(
  client: RegistryClient,
  repository: string,
  reference: string,
  layout: LayoutWriter,
  refName?: string,
): Promise<Descriptor> {
  const { source, root } = await fromRegistry(client, repository, reference);
  await transfer(source, root, {
    blob: (blob, content) => layout.putBlob(content(), blob.mediaType, blob.digest),
    manifest: (descriptor, bytes) => layout.putBlob(bytes, descriptor.mediaType, descriptor.digest),
  });
  await layout.addManifest(root, refName);
  return root;
}

export interface ImageSource {
  readonly client: RegistryClient;
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
}

export interface ImageTarget {
  readonly target: PushTarget | RegistryClient;
  readonly repository: string;
  readonly tag?: string;
}

/** Copies an image from registry to registry; within one, blobs are mounted. Gives its descriptor. OCI_NOT_FOUND. */
export async function copyImage(from: ImageSource, to: ImageTarget): Promise<Descriptor> {
  const { source, root } = await fromRegistry(from.client, from.repository, from.reference);
  const same = 'registry' in to.target && to.target.registry === from.client.registry;
  const mount = same && to.repository !== from.repository ? { mountFrom: from.repository } : {};
  await transfer(source, root, {
    blob: (blob, content) => to.target.pushBlob(to.repository, blob, content, mount),
    manifest: (descriptor, bytes, depth) =>
      to.target.pushManifest(to.repository, depth === 0 && to.tag !== undefined ? to.tag : descriptor.digest, bytes, descriptor.mediaType),
  });
  return root;
}
