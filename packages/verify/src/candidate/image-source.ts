import type { Digest } from '@colophon/core';
import { mediaTypes, type AnyManifest, type Descriptor, type Layout, type RegistryClient } from '@colophon/oci';

export interface OpenManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly parsed: AnyManifest;
}

/** Where an image and what is said about it are: a repository of a registry, or an image layout. Whatever comes from it was checked against its digest. */
export interface ImageSource {
  /** For a person. */
  readonly name: string;
  /** By tag or digest. */
  manifest(reference: string): Promise<OpenManifest | undefined>;
  /** What a descriptor names. */
  open(descriptor: Descriptor): Promise<OpenManifest | undefined>;
  blob(descriptor: Descriptor, limit: number): Promise<Buffer>;
  /** Descriptors of manifests that may have this digest as subject; nothing about them is believed before they are opened. */
  referrers(digest: Digest): Promise<readonly Descriptor[]>;
}

export function registrySource(client: RegistryClient, repository: string): ImageSource {
  return {
    name: `${client.registry}/${repository}`,
    manifest: (reference) => client.manifest(repository, reference),
    open: ({ digest }) => client.manifest(repository, digest),
    blob: (descriptor, limit) => client.blobBytes(repository, descriptor, limit),
    referrers: (digest) => client.referrers(repository, digest),
  };
}

const refName = 'org.opencontainers.image.ref.name';
const maxManifests = 2000;

/**
 * An image layout: tags are the reference names of index.json; referrers are those of its manifests that name a subject, and the members of an
 * index under the fallback tag. `cosign save` marks its manifests in annotations instead of naming them.
 */
export function layoutSource(layout: Layout, name: string): ImageSource {
  const entries = async () => (await layout.index()).manifests.slice(0, maxManifests);
  const open = async (descriptor: Descriptor | undefined) => {
    if (descriptor === undefined) return undefined;
    const { bytes, mediaType, ...parsed } = await layout.manifest(descriptor);
    return { descriptor: { ...descriptor, mediaType }, bytes, parsed: parsed as AnyManifest };
  };
  /** An image of one platform within an index. */
  const member = async (digest: string) => {
    for (const entry of await entries()) {
      const parent = entry.mediaType === mediaTypes.index ? await open(entry) : undefined;
      const found = parent?.parsed.kind === 'index' ? parent.parsed.index.manifests.find((child) => child.digest === digest) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    name,
    async manifest(reference) {
      const found = (await entries()).find((entry) => entry.digest === reference || tagOf(entry) === reference);
      return open(found ?? (await member(reference)));
    },
    open,
    blob: (descriptor, limit) => layout.bytes(descriptor, limit),
    async referrers(digest) {
      const found: Descriptor[] = [];
      for (const entry of await entries()) {
        if (entry.digest === digest) continue;
        if (tagOf(entry) === digest.replace(':', '-') && entry.mediaType === mediaTypes.index) {
          const index = await open(entry);
          if (index?.parsed.kind === 'index') found.push(...index.parsed.index.manifests);
        } else if (entry.mediaType === mediaTypes.manifest) {
          found.push(entry);
        }
      }
      return found;
    },
  };
}

function tagOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[refName];
}
