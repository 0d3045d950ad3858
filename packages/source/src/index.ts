export { sourceErrors } from './errors.ts';
export { openGitStore } from './git/repository.ts';
export type { FetchedCommit, GitStore, GitStoreOptions } from './git/repository.ts';
export { parseGitUri } from './git/uri.ts';
export { defaultLimits } from './git/export.ts';
export type { TreeLimits } from './git/export.ts';
export { startRecordingProxy } from './proxy/proxy.ts';
export type { ProxyOptions, ProxyRecord, RecordingProxy } from './proxy/proxy.ts';
export { isPublicAddress } from './proxy/addresses.ts';
