import { canonicalJsonBytes } from '@colophon/core';
import { bundleMediaType } from '../bundle/types.ts';
import { blob, ociEmptyType, ociManifestType, type BlobDescriptor, type BuiltManifest } from './descriptor.ts';

/** Annotations that cosign 3 writes on a bundle's manifest. */
export const bundleAnnotations = {
  content: 'dev.sigstore.bundle.content',
  predicateType: 'dev.sigstore.bundle.predicateType',
  created: 'org.opencontainers.image.created',
} as const;

export interface BundleManifestOptions {
  /** For a DSSE bundle: the statement's predicateType. */
  readonly predicateType?: string;
  /** RFC 3339. The time of signing, given by the caller, so that the same bundle gives the same manifest. */
  readonly created?: string;
}

/**
 * The OCI 1.1 referrer that carries a Sigstore bundle: artifactType and the one layer have the bundle's media type, the config is the empty
 * blob `{}`, `subject` is the image (image-spec, manifest.md, "Guidelines for Artifact Usage"; cosign, specs/BUNDLE_SPEC.md).
 */
export function bundleManifest(subject: BlobDescriptor, bundle: Uint8Array, options: BundleManifestOptions = {}): BuiltManifest {
  const config = blob(ociEmptyType, canonicalJsonBytes({}));
  const layer = blob(bundleMediaType, bundle);
  const { predicateType, created } = options;
  const manifest = canonicalJsonBytes({
    schemaVersion: 2,
    mediaType: ociManifestType,
    artifactType: bundleMediaType,
    config: config.descriptor,
    layers: [layer.descriptor],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: {
      [bundleAnnotations.content]: predicateType === undefined ? 'message-signature' : 'dsse-envelope',
      ...(predicateType === undefined ? {} : { [bundleAnnotations.predicateType]: predicateType }),
      ...(created === undefined ? {} : { [bundleAnnotations.created]: created }),
    },
  });
  return { manifest: blob(ociManifestType, manifest), blobs: [config, layer] };
}
