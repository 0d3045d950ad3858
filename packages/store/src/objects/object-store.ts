import { randomUUID } from 'node:crypto';
import { errorCode } from '@colophon/core';
import { openDatabase, type Database } from '../database/database.ts';
import { storeErrors } from '../errors.ts';
import type { Place } from './change.ts';
import { CommitLog } from './commit-log.ts';
import { expect, present, settle, withIdentity, withStatus, type Decision } from './decide.ts';
import { collect } from './garbage.ts';
import { checkMetadata, checkPlace, deepFreeze, generateName, kubeTime, label, placeOf } from './identity.ts';
import { Locks } from './locks.ts';
import { applyPatch } from './managed/apply.ts';
import { entriesOf, trackUpdate, withEntries } from './managed/entries.ts';
import { pageOf } from './page.ts';
import { isObject, jsonPatch, mergePatch } from './patch.ts';
import { load, migrations, type Loaded } from './persist.ts';
import { compileSelectors } from './selectors.ts';
import type {
  DeleteOptions,
  KubeObject,
  ListOptions,
  ListResult,
  ObjectStore,
  PatchOptions,
  PatchType,
  ResourceType,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './types.ts';

/** Opens or makes the database of an object store. All objects are held in memory too: see docs/store.md for the limits. */
export async function openObjectStore(path: string): Promise<ObjectStore> {
  const database = await openDatabase(path, { migrations });
  return new SqliteObjectStore(database, await load(database));
}

class SqliteObjectStore implements ObjectStore {
  readonly #database: Database;
  readonly #log: CommitLog;
  readonly #locks = new Locks();

  constructor(database: Database, loaded: Loaded) {
    this.#database = database;
    this.#log = new CommitLog(database, loaded);
    for (const uid of loaded.ownersGone) this.#collect(uid);
  }

  async create(type: ResourceType, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const { name, generateName: prefix } = object.metadata;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#create(type, object, name ?? (prefix === undefined ? '' : generateName(prefix)), options);
      } catch (error) {
        if (errorCode(error) !== 'STORE_ALREADY_EXISTS' || (name ?? '') !== '' || attempt === 8) throw error;
      }
    }
  }

  #create(type: ResourceType, object: KubeObject, name: string, options: WriteOptions): Promise<KubeObject> {
    const place = placeOf(type, object.metadata.namespace, name);
    return this.#write(type, place, options, (current) => {
      if (current !== undefined) throw storeErrors.error('STORE_ALREADY_EXISTS', `${label(type, name)} already exists`);
      return { kind: 'ADDED', object: tracked(undefined, admitted(born(place, object), undefined, options), options, undefined) };
    });
  }

  async get(type: ResourceType, namespace: string | undefined, name: string): Promise<KubeObject | undefined> {
    return this.#log.state.get(placeOf(type, namespace, name));
  }

  async list(type: ResourceType, namespace?: string, options: ListOptions = {}): Promise<ListResult> {
    const { type: key } = placeOf(type, namespace, '');
    const all = this.#log.state.list(key, type.namespaced ? namespace : undefined).filter(compileSelectors(type, options));
    return pageOf(all, this.#log.committed, this.#log.compacted, options);
  }

  async update(type: ResourceType, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    return this.#change(type, object, options, undefined, (current) =>
      withIdentity(current, type.statusSubresource ? withStatus(object, current.status) : object),
    );
  }

  async updateStatus(type: ResourceType, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    return this.#change(type, object, options, 'status', (current) => withStatus(current, object.status));
  }

  #change(
    type: ResourceType,
    object: KubeObject,
    options: WriteOptions,
    subresource: 'status' | undefined,
    next: (current: KubeObject) => KubeObject,
  ): Promise<KubeObject> {
    const { namespace, name = '' } = object.metadata;
    return this.#write(type, placeOf(type, namespace, name), options, (current) => {
      const found = present(type, name, current);
      expect(type, found, object.metadata);
      const wanted = subresource === undefined ? admitted(next(found), found, options) : next(found);
      return settle(found, tracked(found, wanted, options, subresource));
    });
  }

  async patch(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    patchType: PatchType,
    options: PatchOptions = {},
  ): Promise<KubeObject> {
    const place = placeOf(type, namespace, name);
    const { subresource, force = false } = options;
    if (patchType === 'apply') {
      if (!isObject(patch) || !isObject(patch['metadata'])) throw storeErrors.error('STORE_INVALID', 'what is applied must be an object');
      const manager = options.fieldManager;
      if (manager === undefined)
        throw storeErrors.error('STORE_INVALID', 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value');
      const writer = { manager, now: kubeTime(), subresource };
      return this.#write(type, place, options, (current) => {
        const applied = applyPatch(current, patch as KubeObject, writer, force);
        if (current !== undefined) return settle(current, this.#confined(type, current, applied, options));
        if (subresource !== undefined) return settle(present(type, name, current), applied);
        return { kind: 'ADDED', object: admitted(born(place, applied), undefined, options) };
      });
    }
    return this.#write(type, place, options, (current) => {
      const found = present(type, name, current);
      const patched: unknown = patchType === 'json' ? jsonPatch(found, patch) : mergePatch(found, patch);
      if (!isObject(patched) || !isObject(patched['metadata'])) throw storeErrors.error('STORE_INVALID', 'the patch leaves no object');
      const next = patched as KubeObject;
      expect(type, found, next.metadata);
      return settle(found, tracked(found, this.#confined(type, found, next, options), options, subresource));
    });
  }

  async delete(type: ResourceType, namespace: string | undefined, name: string, options: DeleteOptions = {}): Promise<KubeObject> {
    const place = placeOf(type, namespace, name);
    const how = { orphan: options.dependents === 'orphan', dryRun: options.dryRun ?? false };
    return this.#write(type, place, how, (current) => {
      const found = present(type, name, current);
      expect(type, found, options.preconditions ?? {});
      if ((found.metadata.finalizers ?? []).length === 0) return { kind: 'DELETED', object: found };
      if (found.metadata.deletionTimestamp !== undefined) return { kind: 'MODIFIED', object: found };
      return { kind: 'MODIFIED', object: { ...found, metadata: { ...found.metadata, deletionTimestamp: kubeTime() } } };
    });
  }

  watch(type: ResourceType, namespace: string | undefined, options: WatchOptions): AsyncIterable<WatchEvent> {
    const { type: key } = placeOf(type, namespace, '');
    return this.#log.watch(type, { type: key, namespace: type.namespaced ? namespace : undefined }, options);
  }

  async compact(keep: { versions?: number } = {}): Promise<void> {
    await this.#log.compact(keep.versions);
  }

  async close(): Promise<void> {
    await this.#locks.idle();
    await this.#database.close();
  }

  /** Decides on the object as it is and commits, one writer at a time for each object. */
  #write(
    type: ResourceType,
    place: Place,
    options: { orphan?: boolean; dryRun?: boolean },
    decide: (current: KubeObject | undefined) => Decision,
  ): Promise<KubeObject> {
    return this.#locks.hold(`${place.type}/${place.namespace}/${place.name}`, async () => {
      const current = this.#log.state.get(place);
      const { kind, object } = decide(current);
      if (object === current && kind === 'MODIFIED') return object;
      if (kind === 'ADDED') checkPlace(type, place);
      if (kind !== 'DELETED') checkMetadata(type, object);
      if (options.dryRun === true) return deepFreeze(JSON.parse(JSON.stringify(object)) as KubeObject);
      const written = await this.#log.commit(place, kind, object, options);
      if (kind === 'DELETED' && options.orphan !== true) this.#collect(written.metadata.uid as string);
      return written;
    });
  }

  /** What a patch may change: only the status by the status subresource, anything else otherwise. */
  #confined(type: ResourceType, current: KubeObject, next: KubeObject, options: PatchOptions): KubeObject {
    if (options.subresource === 'status') return withEntries(withStatus(current, next.status), entriesOf(next));
    const wanted = withIdentity(current, type.statusSubresource ? withStatus(next, current.status) : next);
    return admitted(wanted, current, options);
  }

  /** In the background: what cannot be deleted now is tried again when the store is opened next. */
  #collect(uid: string): void {
    if (this.#log.state.dependents(uid).length === 0) return;
    const remove = (place: Place) =>
      this.#locks.hold(`${place.type}/${place.namespace}/${place.name}`, async () => {
        const current = this.#log.state.get(place);
        if (current === undefined) return;
        const { deletionTimestamp, finalizers = [] } = current.metadata;
        if (finalizers.length > 0 && deletionTimestamp !== undefined) return;
        const leaving = { ...current, metadata: { ...current.metadata, deletionTimestamp: kubeTime() } };
        const written = await this.#log.commit(place, finalizers.length > 0 ? 'MODIFIED' : 'DELETED', leaving);
        if (finalizers.length === 0) this.#collect(written.metadata.uid as string);
      });
    collect(this.#database, this.#log.state, uid, remove).catch(() => {});
  }
}

/** A new object: identity is the store's to give. */
function born({ namespace, name }: Place, object: KubeObject): KubeObject {
  const { resourceVersion: _version, deletionTimestamp: _deletion, uid: _uid, ...metadata } = object.metadata;
  const place = namespace === '' ? { name } : { name, namespace };
  return { ...object, metadata: { ...metadata, ...place, uid: randomUUID(), creationTimestamp: kubeTime(), generation: 1 } };
}

/** What the caller's admission makes of an object; what is not its to change stays. */
function admitted(next: KubeObject, current: KubeObject | undefined, { admit }: WriteOptions): KubeObject {
  if (admit === undefined) return next;
  const given = admit(JSON.parse(JSON.stringify(next)) as KubeObject, current);
  const identity = current === undefined ? next : withIdentity(current, next);
  return withStatus(withEntries(withIdentity(identity, given), entriesOf(next)), next.status);
}

function tracked(before: KubeObject | undefined, after: KubeObject, options: WriteOptions, subresource: 'status' | undefined): KubeObject {
  if (options.fieldManager !== undefined)
    return trackUpdate(before, after, { manager: options.fieldManager, now: kubeTime(), subresource });
  return after.metadata.managedFields === undefined && before !== undefined ? withEntries(after, entriesOf(before)) : after;
}
