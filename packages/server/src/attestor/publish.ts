import { legacyManifest, legacyTag, parseLegacyManifest, type Blob, type BuiltManifest } from '@colophon/sign';
import type { Digest } from '@colophon/core';
import type { ImageStore } from './image-store.ts';

/** Pushes a referrer: blobs first, then the manifest by its digest. */
export async function publishReferrer(store: ImageStore, path: string, built: BuiltManifest): Promise<void> {
  for (const { bytes } of built.blobs) await store.putBlob(path, bytes);
  const { bytes, descriptor } = built.manifest;
  await store.putManifest(path, bytes, descriptor.mediaType);
}

/** As many as readers of the tag take (sign room, `parseLegacyManifest`). */
const fullTag = 1000;

/**
 * Adds layers to an image's `.sig` or `.att` tag. Read, change, write: the tag moves only if nobody moved it meanwhile, else all
 * is done again, so concurrent writers lose nothing (cosign issue 2432). A layer that is there already is not added twice.
 * False: the tag is full, and stays as it is. An image that every push makes again comes to that; what is said of it goes on in its referrers and in the log.
 */
export async function publishLegacy(
  store: ImageStore,
  path: string,
  image: Digest,
  kind: 'sig' | 'att',
  added: readonly Blob[],
): Promise<boolean> {
  const name = legacyTag(image, kind);
  for (const { bytes } of added) await store.putBlob(path, bytes);
  for (;;) {
    const present = await store.getManifest(path, name);
    const layers = present === undefined ? [] : parseLegacyManifest(present.bytes);
    const built = legacyManifest(layers, added);
    const { bytes, descriptor } = built.manifest;
    if (present?.digest === descriptor.digest) return true;
    if (layers.length + added.length > fullTag) return false;
    await store.putBlob(path, (built.blobs[0] as Blob).bytes);
    if (await store.putManifest(path, bytes, descriptor.mediaType, { name, expected: present?.digest })) return true;
  }
}
