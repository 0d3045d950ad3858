export { ociErrors } from './errors.ts';
export { emptyDescriptor, emptyJson, isForeignLayer, isIndexType, manifestTypes, mediaTypes } from './types/media-types.ts';
export {
  annotationsOf,
  artifactTypeOf,
  descriptorSchema,
  manifestLimit,
  parseManifest,
  referrerDescriptor,
  references,
  subjectOf,
} from './types/manifest.ts';
export type { AnyManifest, ContentDescriptor, Descriptor, ImageConfig, Index, Manifest, Platform } from './types/descriptor.ts';
export { checkedContent, collectContent } from './content/checked.ts';
export { formatReference, isRepositoryName, isTag, parseReference, referenceTarget } from './reference/reference.ts';
export type { Reference } from './reference/reference.ts';
export { openLayout } from './layout/read.ts';
export type { Layout } from './layout/read.ts';
export { layoutLimits } from './layout/verify.ts';
export type { LayoutLimits } from './layout/verify.ts';
export { createLayout, refNameKey } from './layout/write.ts';
export type { AddManifestOptions, LayoutWriter } from './layout/write.ts';
export { namesIn, openDirectory, openFile, readSmall } from './layout/safe-open.ts';
export type { Place } from './layout/safe-open.ts';
export { dockerCredentials } from './client/credentials.ts';
export type { Credentials, FindCredentials } from './client/credentials.ts';
export { isLoopback } from './client/address.ts';
export type { TransportOptions } from './client/transport.ts';
export { createRegistryClient } from './client/client.ts';
export type { RegistryClient } from './client/client.ts';
export type { FetchedManifest } from './client/pull.ts';
export type { BlobSource, PushBlobOptions, Pushed } from './client/push.ts';
export { fallbackTag } from './client/referrers.ts';
export { copyImage, directTarget, pullToLayout, pushLayout } from './client/copy.ts';
export type { ImageSource, ImageTarget, PushTarget } from './client/copy.ts';
export { createRegistry } from './registry/registry.ts';
export type { RegistryOptions } from './registry/registry.ts';
export type { ExpectedTag, ManifestInfo, Page, PutManifestOptions, Registry, StoredManifest } from './registry/types.ts';
export { registryMigrations } from './registry/tables.ts';
export { openUploads } from './registry/uploads.ts';
export type { Uploads, UploadsOptions } from './registry/uploads.ts';
export { createRegistryRoutes } from './routes/routes.ts';
export { openRegistry } from './routes/open.ts';
export type { OpenRegistryOptions } from './routes/open.ts';
export type { Authorize, RegistryAction, RegistryRoutesOptions, RegistryWish } from './routes/context.ts';
