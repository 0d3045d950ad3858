export { storeErrors } from './errors.ts';
export { durable } from './durable/durable.ts';
export type { AppendFile } from './durable/append.ts';
export { openBlobStore } from './blobs/blob-store.ts';
export type { BlobStore } from './blobs/blob-store.ts';
export { openDatabase } from './database/database.ts';
export type { Database, DatabaseOptions, SqlValue, Statement } from './database/database.ts';
export type {
  KubeObject,
  ListOptions,
  ListResult,
  ObjectMeta,
  ObjectStore,
  OwnerReference,
  PatchOptions,
  PatchType,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from './objects/types.ts';
export { openObjectStore } from './objects/object-store.ts';
