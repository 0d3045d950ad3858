import { digestOf, type Digest } from '@colophon/core';

/** An OCI descriptor as far as signatures need it (image-spec, descriptor.md). The room `oci` has the whole type; the two are compatible. */
export interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Something to push: its bytes and the descriptor that a manifest names it by. */
export interface Blob {
  readonly descriptor: BlobDescriptor;
  readonly bytes: Buffer;
}

export function blob(mediaType: string, data: Uint8Array, annotations: Readonly<Record<string, string>> = {}): Blob {
  const bytes = Buffer.from(data);
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  return { bytes, descriptor: Object.keys(annotations).length === 0 ? descriptor : { ...descriptor, annotations } };
}

/** A manifest and every blob that must be in the registry before it. */
export interface BuiltManifest {
  readonly manifest: Blob;
  readonly blobs: readonly Blob[];
}

export const ociManifestType = 'application/vnd.oci.image.manifest.v1+json';
export const ociConfigType = 'application/vnd.oci.image.config.v1+json';
export const ociEmptyType = 'application/vnd.oci.empty.v1+json';
