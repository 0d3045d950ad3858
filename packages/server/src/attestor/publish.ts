import { legacyManifest, legacyTag, parseLegacyManifest, type Blob, type BuiltManifest } from '@colophon/sign';
import type { Digest } from '@colophon/core';
import type { ImageStore } from './image-store.ts';

/** Pushes a referrer: blobs first, then the manifest by its digest. */
export async function publishReferrer(store: ImageStore, path: string, built: BuiltManifest): Promise<void> {
  for (const { bytes } of built.blobs) await store.putBlob(path, bytes);
  const { bytes, descriptor } = built.manifest;
  await store.putManifest(path, bytes, descriptor.mediaType);
}

/**
 * Adds layers to an image's `.sig` or `.att` tag. Read, change, write: the tag moves only if nobody moved it meanwhile, else all
 * is done again, so concurrent writers lose nothing (cosign issue 2432). A layer that is there already is not added twice.
 */
export async function publishLegacy(
  store: ImageStore,
  path: string,
  image: Digest,
  kind: 'sig' | 'att',
  added: readonly Blob[],
): Promise<void> {
  const name = legacyTag(image, kind);
  for (const { bytes } of added) await store.putBlob(path, bytes);
  for (;;) {
    const present = await store.getManifest(path, name);
    const built = legacyManifest(present === undefined ? [] : parseLegacyManifest(present.bytes), added);
    const { bytes, descriptor } = built.manifest;
    if (present?.digest === descriptor.digest) return;
    await store.putBlob(path, (built.blobs[0] as Blob).bytes);
    if (await store.putManifest(path, bytes, descriptor.mediaType, { name, expected: present?.digest })) return;
  }
}
