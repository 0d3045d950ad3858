import { isDigest, parseJson, type Digest } from '@colophon/core';
import { z } from 'zod';
import { ociErrors } from '../errors.ts';
import { isIndexType, mediaTypes } from './media-types.ts';

/** Larger manifests are refused, as the distribution specification lets registries do. */
export const manifestLimit = 4 << 20;

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

const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(5000),
  subject: descriptorSchema.nullish(),
  annotations: annotations.nullish(),
});

const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  manifests: z.array(descriptorSchema).max(5000),
  subject: descriptorSchema.nullish(),
  annotations: annotations.nullish(),
});

/** image-spec, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
  readonly artifactType?: string | undefined;
  readonly platform?: Platform | null | undefined;
  readonly urls?: readonly string[] | null | undefined;
  readonly data?: string | undefined;
}

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string | undefined;
}

/** image-spec, manifest.md. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | null | undefined;
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
}

/** image-spec, image-index.md. */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor | null | undefined;
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
}

/** image-spec, config.md, as far as anybody here reads it. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly created?: string;
  readonly config?: {
    readonly User?: string;
    readonly Env?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly WorkingDir?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly {
    readonly created?: string;
    readonly created_by?: string;
    readonly empty_layer?: boolean;
    readonly comment?: string;
  }[];
}

export type AnyManifest = { readonly kind: 'manifest'; readonly manifest: Manifest } | { readonly kind: 'index'; readonly index: Index };

/**
 * Parses a manifest or index that a stranger wrote; what it is comes from the media type that it was announced with, which must not contradict its own. A
 * document that could be read as both is refused (image-spec, "Consistency of media types").
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
  const result = (isIndex ? indexSchema : manifestSchema).safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw ociErrors.error('OCI_MANIFEST_INVALID', `${isIndex ? 'index' : 'manifest'}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return isIndex
    ? { kind: 'index', index: result.data as Index, mediaType }
    : { kind: 'manifest', manifest: result.data as Manifest, mediaType };
}

/** Everything that a manifest names, config and layers or members; foreign layers too. */
export function references(parsed: AnyManifest): readonly Descriptor[] {
  return parsed.kind === 'index' ? parsed.index.manifests : [parsed.manifest.config, ...parsed.manifest.layers];
}

export function subjectOf(parsed: AnyManifest): Descriptor | undefined {
  return (parsed.kind === 'index' ? parsed.index.subject : parsed.manifest.subject) ?? undefined;
}

/** The artifactType that the referrers API gives: the manifest's own, else its config's media type (distribution-spec, "Listing Referrers"). */
export function artifactTypeOf(parsed: AnyManifest): string | undefined {
  if (parsed.kind === 'index') return parsed.index.artifactType;
  const { artifactType, config } = parsed.manifest;
  return artifactType !== undefined && artifactType !== '' ? artifactType : config.mediaType;
}
