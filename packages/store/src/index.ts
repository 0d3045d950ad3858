export { storeErrors } from './errors.ts';
export { durable } from './durable/durable.ts';
export type { AppendFile } from './durable/append.ts';
export { openBlobStore } from './blobs/blob-store.ts';
export type { BlobStore } from './blobs/blob-store.ts';
export { openDatabase } from './database/database.ts';
export type { Database, DatabaseOptions, SqlValue, Statement } from './database/database.ts';
export type {
  DeleteOptions,
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
  WriteOptions,
} from './objects/types.ts';
export { openObjectStore } from './objects/object-store.ts';
export { compileSelectors } from './objects/selectors.ts';
export type { Matcher } from './objects/selectors.ts';
