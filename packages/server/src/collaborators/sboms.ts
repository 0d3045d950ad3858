import { isDigest, parseJson } from '@colophon/core';
import { parseManifest, parseReference, type Descriptor } from '@colophon/oci';
import type { AttestedImage } from '../attestor/build-status.ts';
import type { Registries } from './registries.ts';

const spdxType = 'application/spdx+json';
/** Bytes of one document. */
const limit = 8 << 20;

export type FindSbom = (image: AttestedImage) => Promise<Readonly<Record<string, unknown>> | undefined>;

/**
 * The SPDX document that the build left beside an image as a referrer. It is the build's own word about the image: signing it says that it came out of this build
 * for this digest, as provenance says of the image itself.
 */
export function createSbomFinder(registries: Registries): FindSbom {
  async function referrersOf(image: AttestedImage): Promise<readonly Descriptor[]> {
    const { registry, repository } = parseReference(image.repository);
    if (registries.isOwn(registry)) return (await registries.own.referrers(repository, image.digest, spdxType)).manifests;
    return registries.client(registry).referrers(repository, image.digest);
  }

  async function layerOf(image: AttestedImage, referrer: Descriptor): Promise<Buffer | undefined> {
    const { registry, repository } = parseReference(image.repository);
    const own = registries.isOwn(registry);
    const bytes = own
      ? (await registries.own.getManifest(repository, referrer.digest))?.bytes
      : (await registries.client(registry).manifest(repository, referrer.digest))?.bytes;
    const parsed = bytes === undefined ? undefined : parseManifest(bytes, referrer.mediaType);
    if (parsed?.kind !== 'manifest' || parsed.manifest.artifactType !== spdxType || parsed.manifest.subject?.digest !== image.digest)
      return undefined;
    const [layer] = parsed.manifest.layers;
    if (layer === undefined || layer.size > limit || !isDigest(layer.digest)) return undefined;
    return own ? registries.own.blobBytes(layer.digest) : registries.client(registry).blobBytes(repository, layer, limit);
  }

  return async (image) => {
    for (const referrer of await referrersOf(image)) {
      if (referrer.artifactType !== spdxType) continue;
      const bytes = await layerOf(image, referrer);
      if (bytes !== undefined) return parseJson(bytes, 'the SPDX document') as Readonly<Record<string, unknown>>;
    }
    return undefined;
  };
}
