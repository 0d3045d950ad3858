import { canonicalJsonBytes, isDigest, parseJson } from '@colophon/core';
import { isRecord } from '../encoding/record.ts';
import { signErrors } from '../errors.ts';
import { blob, ociConfigType, ociManifestType, type Blob, type BlobDescriptor, type BuiltManifest } from './descriptor.ts';

/**
 * The manifest of a `.sig` or `.att` tag with these layers, and its config: an image configuration with no platform whose diff_ids are the layers'
 * digests, as cosign writes it. `layers` are those already there; `added` whose bytes are known. A layer that is there already is not
 * added again. Whoever pushes serialises read, build and push for one tag: two writers would lose entries (cosign issue 2432).
 */
export function legacyManifest(layers: readonly BlobDescriptor[], added: readonly Blob[]): BuiltManifest {
  const all = [...layers];
  for (const { descriptor } of added) if (!all.some((layer) => isSame(layer, descriptor))) all.push(descriptor);
  const config = blob(
    ociConfigType,
    canonicalJsonBytes({
      architecture: '',
      config: {},
      created: '0001-01-01T00:00:00Z',
      history: all.map(() => ({ created: '0001-01-01T00:00:00Z' })),
      os: '',
      rootfs: { type: 'layers', diff_ids: all.map(({ digest }) => digest) },
    }),
  );
  const manifest = canonicalJsonBytes({ schemaVersion: 2, mediaType: ociManifestType, config: config.descriptor, layers: all });
  return { manifest: blob(ociManifestType, manifest), blobs: [config, ...added] };
}

/** The layers of a `.sig` or `.att` manifest that a stranger may have written. Throws SIGN_LEGACY_INVALID or CORE_JSON_INVALID. */
export function parseLegacyManifest(data: Uint8Array | string): BlobDescriptor[] {
  const value = parseJson(data, 'the manifest of signatures');
  const layers = isRecord(value) ? value['layers'] : undefined;
  if (!Array.isArray(layers) || layers.length > 1000) throw invalid('has no list of at most 1000 layers');
  return layers.map((layer: unknown) => {
    const { mediaType, digest, size, annotations } = isRecord(layer) ? layer : {};
    if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest))
      throw invalid('has a layer without media type or digest');
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid('has a layer without a size');
    return { mediaType, digest, size, ...readAnnotations(annotations) };
  });
}

function readAnnotations(value: unknown): { annotations?: Record<string, string> } {
  if (value === undefined || value === null) return {};
  if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string'))
    throw invalid('has annotations that are not texts');
  return { annotations: value as Record<string, string> };
}

/** The same bytes with the same signature; a second log entry of one signature is no second signature. */
function isSame(left: BlobDescriptor, right: BlobDescriptor): boolean {
  const signature = (layer: BlobDescriptor) => layer.annotations?.['dev.cosignproject.cosign/signature'] ?? '';
  return left.digest === right.digest && left.mediaType === right.mediaType && signature(left) === signature(right);
}

function invalid(what: string): Error {
  return signErrors.error('SIGN_LEGACY_INVALID', `the manifest of signatures ${what}`);
}
