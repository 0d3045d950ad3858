import { isDigest, parseJson, type Digest } from '@colophon/core';
import { z } from 'zod';
import { ociErrors } from '../errors.ts';
import type { AnyManifest, Descriptor } from './descriptor.ts';
import { refuseLookalikes } from './lookalikes.ts';
import { isIndexType, mediaTypes } from './media-types.ts';

/** Larger manifests are refused, as the distribution specification lets registries do. */
export const manifestLimit = 4 << 20;

/** Members of one manifest. */
const membersLimit = 5000;

const digest = z.string().refine((text): text is Digest => isDigest(text), 'not a digest');
const annotations = z.record(z.string(), z.string());
const platform = z.looseObject({ architecture: z.string(), os: z.string(), variant: z.string().optional() });

export const descriptorSchema = z.looseObject({
  mediaType: z.string().min(1).max(255),
  digest,
  size: z.int().min(0),
  annotations: annotations.nullish(),
  artifactType: z.string().optional(),
  platform: platform.nullish(),
  urls: z.array(z.string()).nullish(),
  data: z.string().optional(),
});

// Go writes an empty list as null.
const members = z
  .array(descriptorSchema)
  .max(membersLimit)
  .nullable()
  .transform((list) => list ?? []);

const common = {
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  subject: descriptorSchema.nullish(),
  annotations: annotations.nullish(),
};
const manifestSchema = z.looseObject({ ...common, config: descriptorSchema, layers: members });
const indexSchema = z.looseObject({ ...common, manifests: members });

/**
 * Parses a manifest or index that a stranger wrote; what it is comes from the media type that it was announced with, which must not contradict its own.
 * A document that could be read as both is refused (image-spec, "Consistency of media types"), and so is one that another reader could understand
 * otherwise. OCI_MANIFEST_INVALID, OCI_TOO_LARGE.
 */
export function parseManifest(bytes: Uint8Array, announced: string | undefined): AnyManifest & { readonly mediaType: string } {
  if (bytes.length > manifestLimit)
    throw ociErrors.error('OCI_TOO_LARGE', `the manifest has ${bytes.length} bytes; the limit is ${manifestLimit}`);
  const value = parseJson(bytes, 'the manifest') as { mediaType?: unknown; manifests?: unknown; layers?: unknown; config?: unknown } | null;
  if (typeof value !== 'object' || value === null) throw ociErrors.error('OCI_MANIFEST_INVALID', 'the manifest is not an object');
  const own = typeof value.mediaType === 'string' && value.mediaType !== '' ? value.mediaType : undefined;
  const mediaType = announced ?? own ?? (value.manifests === undefined ? mediaTypes.manifest : mediaTypes.index);
  if (own !== undefined && own !== mediaType)
    throw ociErrors.error('OCI_MANIFEST_INVALID', `the manifest says ${own}, but was announced as ${mediaType}`);
  const isIndex = isIndexType(mediaType);
  if (isIndex ? value.layers !== undefined || value.config !== undefined : value.manifests !== undefined) {
    throw ociErrors.error('OCI_MANIFEST_INVALID', 'the document is both a manifest and an index');
  }
  refuseLookalikes(value);
  const result = (isIndex ? indexSchema : manifestSchema).safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw ociErrors.error('OCI_MANIFEST_INVALID', `${isIndex ? 'index' : 'manifest'}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const parsed: unknown = result.data;
  return (isIndex ? { kind: 'index', index: parsed, mediaType } : { kind: 'manifest', manifest: parsed, mediaType }) as AnyManifest & {
    mediaType: string;
  };
}

/** Everything that a manifest names, config and layers or members; foreign layers too. */
export function references(parsed: AnyManifest): readonly Descriptor[] {
  return parsed.kind === 'index' ? parsed.index.manifests : [parsed.manifest.config, ...parsed.manifest.layers];
}

export function subjectOf(parsed: AnyManifest): Descriptor | undefined {
  return (parsed.kind === 'index' ? parsed.index.subject : parsed.manifest.subject) ?? undefined;
}

export function annotationsOf(parsed: AnyManifest): Readonly<Record<string, string>> | undefined {
  return (parsed.kind === 'index' ? parsed.index.annotations : parsed.manifest.annotations) ?? undefined;
}

/** The artifactType that the referrers API gives: the manifest's own, else its config's media type (distribution-spec, "Listing Referrers"). */
export function artifactTypeOf(parsed: AnyManifest): string | undefined {
  const own = parsed.kind === 'index' ? parsed.index.artifactType : parsed.manifest.artifactType;
  if (own !== undefined && own !== '') return own;
  return parsed.kind === 'index' ? undefined : parsed.manifest.config.mediaType;
}

/** What the referrers list says of a manifest (distribution-spec, "Listing Referrers" and "Pushing Manifests with Subject"). */
export function referrerDescriptor(parsed: AnyManifest & { readonly mediaType: string }, digest: Digest, size: number): Descriptor {
  const artifactType = artifactTypeOf(parsed);
  const annotations = annotationsOf(parsed);
  return {
    mediaType: parsed.mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
