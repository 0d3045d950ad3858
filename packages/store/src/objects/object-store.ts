import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isColophonError } from '@colophon/core';
import { openDatabase, type Database } from '../database/database.ts';
import { storeErrors } from '../errors.ts';
import { applyPatch } from './apply.ts';
import { Hub, toEvent, type Change } from './hub.ts';
import { checkIdentity, deepFreeze, generateName, kubeTime, label, typeKey } from './identity.ts';
import { jsonPatch, mergePatch } from './patch.ts';
import { compileSelectors } from './selectors.ts';
import { loadState, migrations, readChanges, writes, type State } from './state.ts';
import type {
  KubeObject,
  ListOptions,
  ListResult,
  ObjectStore,
  PatchOptions,
  PatchType,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from './types.ts';

/** Changes kept for watchers that come back; older ones are compacted away. */
const keptChanges = 50_000;

export async function openObjectStore(path: string): Promise<ObjectStore> {
  const database = await openDatabase(path, { migrations });
  const { state, version, compacted } = await loadState(database);
  return new SqliteObjectStore(database, state, version, compacted);
}

type Next = { object: KubeObject; kind: Change['kind'] };

class SqliteObjectStore implements ObjectStore {
  readonly #database: Database;
  readonly #state: State;
  readonly #hub = new Hub();
  readonly #locks = new Map<string, Promise<unknown>>();
  /** The last version that was given out, and the last that is committed and visible. */
  #given: number;
  #committed: number;
  #compacted: number;

  constructor(database: Database, state: State, version: number, compacted: number) {
    this.#database = database;
    this.#state = state;
    this.#given = version;
    this.#committed = version;
    this.#compacted = compacted;
  }

  async create(type: ResourceType, object: KubeObject): Promise<KubeObject> {
    const { name, generateName: prefix } = object.metadata;
    for (let attempt = 0; ; attempt += 1) {
      const named = name ?? (prefix === undefined ? undefined : generateName(prefix));
      try {
        return await this.#create(type, { ...object, metadata: { ...object.metadata, ...(named === undefined ? {} : { name: named }) } });
      } catch (error) {
        const taken = isColophonError(error) && error.code === 'STORE_ALREADY_EXISTS' && name === undefined;
        if (!taken || attempt >= 8) throw error;
      }
    }
  }

  async #create(type: ResourceType, object: KubeObject): Promise<KubeObject> {
    checkIdentity(type, object);
    const { resourceVersion: _given, deletionTimestamp: _deleted, ...metadata } = object.metadata;
    const now = kubeTime();
    return this.#write(type, metadata.namespace, metadata.name as string, (current) => {
      if (current !== undefined) throw storeErrors.error('STORE_ALREADY_EXISTS', `${label(type, metadata.name as string)} already exists`);
      return { kind: 'ADDED', object: { ...object, metadata: { ...metadata, uid: randomUUID(), creationTimestamp: now, generation: 1 } } };
    });
  }

  async get(type: ResourceType, namespace: string | undefined, name: string): Promise<KubeObject | undefined> {
    return this.#state.get(typeKey(type), namespaceOf(type, namespace), name);
  }

  async list(type: ResourceType, namespace?: string, options: ListOptions = {}): Promise<ListResult> {
    const matches = compileSelectors(options);
    const after = options.continue === undefined ? undefined : readToken(options.continue, this.#compacted);
    const all = this.#state.list(typeKey(type), type.namespaced ? namespace : undefined).filter(matches);
    const rest = after === undefined ? all : all.filter((object) => keyOf(object) > after.key);
    const resourceVersion = String(after?.version ?? this.#committed);
    if (options.limit === undefined || options.limit <= 0 || rest.length <= options.limit) return { items: rest, resourceVersion };
    const items = rest.slice(0, options.limit);
    const token = { version: Number(resourceVersion), key: keyOf(items.at(-1) as KubeObject) };
    return { items, resourceVersion, continue: Buffer.from(JSON.stringify(token)).toString('base64url') };
  }

  async update(type: ResourceType, object: KubeObject): Promise<KubeObject> {
    return this.#change(type, object, (current) =>
      withIdentity(current, type.statusSubresource ? withStatus(object, current.status) : object),
    );
  }

  async updateStatus(type: ResourceType, object: KubeObject): Promise<KubeObject> {
    return this.#change(type, object, (current) => withStatus(current, object.status));
  }

  async #change(type: ResourceType, object: KubeObject, next: (current: KubeObject) => KubeObject): Promise<KubeObject> {
    const { namespace, name = '', resourceVersion, uid } = object.metadata;
    return this.#write(type, namespace, name, (current) => {
      const found = this.#present(type, name, current);
      if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion) throw conflict(type, name);
      if (uid !== undefined && uid !== found.metadata.uid) throw conflict(type, name);
      return settle(found, next(found));
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
    const now = kubeTime();
    return this.#write(type, namespace, name, (current) => {
      if (current === undefined && patchType === 'apply' && options.subresource === undefined) {
        const made = applyPatch(undefined, patch as KubeObject, options.fieldManager ?? 'unknown', true, now);
        const object = {
          ...made,
          metadata: {
            ...made.metadata,
            name,
            ...(namespace === undefined ? {} : { namespace }),
            uid: randomUUID(),
            creationTimestamp: now,
            generation: 1,
          },
        };
        checkIdentity(type, object);
        return { kind: 'ADDED', object };
      }
      const found = this.#present(type, name, current);
      const patched = patchOf(found, patch, patchType, options, now);
      const wanted = patched.metadata?.resourceVersion;
      if (wanted !== undefined && wanted !== found.metadata.resourceVersion) throw conflict(type, name);
      if (options.subresource === 'status') return settle(found, withStatus(found, patched.status));
      return settle(found, withIdentity(found, type.statusSubresource ? withStatus(patched, found.status) : patched));
    });
  }

  async delete(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    options: { preconditions?: { uid?: string; resourceVersion?: string } } = {},
  ): Promise<KubeObject> {
    return this.#write(type, namespace, name, (current) => {
      const found = this.#present(type, name, current);
      const { uid, resourceVersion } = options.preconditions ?? {};
      if (
        (uid !== undefined && uid !== found.metadata.uid) ||
        (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion)
      )
        throw conflict(type, name);
      if ((found.metadata.finalizers ?? []).length === 0) return { kind: 'DELETED', object: found };
      if (found.metadata.deletionTimestamp !== undefined) return { kind: 'MODIFIED', object: found };
      return { kind: 'MODIFIED', object: { ...found, metadata: { ...found.metadata, deletionTimestamp: kubeTime() } } };
    });
  }

  async *watch(type: ResourceType, namespace: string | undefined, options: WatchOptions): AsyncIterable<WatchEvent> {
    const matches = compileSelectors(options);
    const key = typeKey(type);
    const scope = type.namespaced ? namespace : undefined;
    const subscription = this.#hub.subscribe(key, scope);
    const end = () => subscription.end();
    options.signal?.addEventListener('abort', end, { once: true });
    try {
      if (options.signal?.aborted === true) return;
      const upTo = this.#committed;
      let seen = upTo;
      if (options.resourceVersion === undefined || options.resourceVersion === '' || options.resourceVersion === '0') {
        for (const object of this.#state.list(key, scope).filter(matches)) yield { type: 'ADDED', object };
      } else {
        const from = readVersion(options.resourceVersion);
        if (from < this.#compacted) throw storeErrors.error('STORE_GONE', `too old resource version: ${from} (${this.#compacted})`);
        for (const change of from >= upTo ? [] : await readChanges(this.#database, key, scope, from, upTo)) {
          const event = toEvent(change, matches);
          if (event !== undefined) yield event;
        }
        seen = Math.max(from, upTo);
      }
      if (options.bookmarks === true) yield bookmark(type, seen);
      for (let change = await subscription.next(); change !== undefined; change = await subscription.next()) {
        const event = change.version > seen ? toEvent(change, matches) : undefined;
        if (event !== undefined) yield event;
      }
    } finally {
      options.signal?.removeEventListener('abort', end);
      subscription.end();
    }
  }

  async compact({ versions = keptChanges }: { versions?: number } = {}): Promise<void> {
    const limit = Math.max(this.#compacted, this.#committed - versions);
    this.#compacted = limit;
    await this.#database.batch([
      { sql: 'DELETE FROM changes WHERE version <= ?', params: [limit] },
      { sql: `UPDATE facts SET value = ? WHERE name = 'compacted'`, params: [limit] },
    ]);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#locks.values());
    await this.#database.close();
  }

  #present(type: ResourceType, name: string, current: KubeObject | undefined): KubeObject {
    if (current === undefined) throw storeErrors.error('STORE_NOT_FOUND', `${label(type, name)} not found`);
    return current;
  }

  /** One writer an object; versions are given in the order in which batches reach the database, which is the order of commits. */
  #write(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    decide: (current: KubeObject | undefined) => Next,
  ): Promise<KubeObject> {
    const key = typeKey(type);
    const scope = namespaceOf(type, namespace);
    const lock = `${key}/${scope}/${name}`;
    const work = async (): Promise<KubeObject> => {
      const previous = this.#state.get(key, scope, name);
      const { object, kind } = decide(previous);
      if (object === previous && kind === 'MODIFIED') return object;
      const version = ++this.#given;
      const final = deepFreeze(
        JSON.parse(JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: String(version) } })) as KubeObject,
      );
      const finalKind =
        kind === 'MODIFIED' && final.metadata.deletionTimestamp !== undefined && (final.metadata.finalizers ?? []).length === 0
          ? 'DELETED'
          : kind;
      const change: Change = { version, type: key, namespace: scope, kind: finalKind, object: final, previous };
      await this.#database.batch(writes(change));
      this.#state.apply(change);
      this.#committed = Math.max(this.#committed, version);
      this.#hub.publish(change);
      if (version - this.#compacted > 2 * keptChanges) void this.compact().catch(() => {});
      return final;
    };
    const result = (this.#locks.get(lock) ?? Promise.resolve()).then(work, work);
    this.#locks.set(lock, result);
    const release = () => void (this.#locks.get(lock) === result && this.#locks.delete(lock));
    result.then(release, release);
    return result;
  }
}

function patchOf(found: KubeObject, patch: unknown, patchType: PatchType, options: PatchOptions, now: string): KubeObject {
  if (patchType === 'json') return jsonPatch(found, patch) as KubeObject;
  if (patchType === 'merge') return mergePatch(found, patch) as KubeObject;
  return applyPatch(found, patch as KubeObject, options.fieldManager ?? 'unknown', options.force ?? false, now);
}

/** Unchanged objects are not written again; the generation counts changes of anything but metadata and status. */
function settle(current: KubeObject, next: KubeObject): Next {
  if (isDeepStrictEqual(next, current)) return { kind: 'MODIFIED', object: current };
  const content = ({ metadata: _metadata, status: _status, ...rest }: KubeObject) => rest;
  const changed = !isDeepStrictEqual(JSON.parse(JSON.stringify(content(next))), content(current));
  return {
    kind: 'MODIFIED',
    object: { ...next, metadata: { ...next.metadata, generation: (current.metadata.generation ?? 1) + (changed ? 1 : 0) } },
  };
}

function withIdentity(current: KubeObject, next: KubeObject): KubeObject {
  const { uid, creationTimestamp, name, namespace, resourceVersion, generation, deletionTimestamp } = current.metadata;
  const metadata = { ...next.metadata, uid, creationTimestamp, name, namespace, resourceVersion, generation, deletionTimestamp };
  return {
    ...next,
    apiVersion: current.apiVersion,
    kind: current.kind,
    metadata: JSON.parse(JSON.stringify(metadata)) as KubeObject['metadata'],
  };
}

function withStatus(object: KubeObject, status: unknown): KubeObject {
  const { status: _old, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

function conflict(type: ResourceType, name: string): Error {
  return storeErrors.error(
    'STORE_CONFLICT',
    `Operation cannot be fulfilled on ${label(type, name)}: the object has been modified; please apply your changes to the latest version and try again`,
  );
}

function bookmark(type: ResourceType, version: number): WatchEvent {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { type: 'BOOKMARK', object: { apiVersion, kind: type.kind, metadata: { resourceVersion: String(version) } } };
}

function namespaceOf(type: ResourceType, namespace: string | undefined): string {
  return type.namespaced ? (namespace ?? '') : '';
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

function readVersion(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw storeErrors.error('STORE_INVALID', `not a resourceVersion: ${JSON.stringify(text.slice(0, 100))}`);
  return Number(text);
}

function readToken(text: string, compacted: number): { version: number; key: string } {
  let token: { version: number; key: string };
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString()) as { version: number; key: string };
  } catch (cause) {
    throw storeErrors.error('STORE_INVALID', 'not a continue token', { cause });
  }
  if (typeof token.key !== 'string' || typeof token.version !== 'number') throw storeErrors.error('STORE_INVALID', 'not a continue token');
  if (token.version < compacted) throw storeErrors.error('STORE_GONE', 'the continue token is too old: list again');
  return token;
}
