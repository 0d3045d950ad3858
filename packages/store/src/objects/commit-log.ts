import type { Database } from '../database/database.ts';
import { storeErrors } from '../errors.ts';
import { toEvent, type Change, type Place } from './change.ts';
import { Hub } from './hub.ts';
import { deepFreeze } from './identity.ts';
import { readVersion } from './page.ts';
import { readChanges, writes, type Loaded } from './persist.ts';
import { compileSelectors, type Matcher } from './selectors.ts';
import type { State } from './state.ts';
import type { KubeObject, ResourceType, WatchEvent, WatchOptions } from './types.ts';

/** Changes kept for watchers that come back. */
const keptChanges = 20_000;
const pageSize = 500;
const bookmarkInterval = 60_000;
/** etcd's limit of a request, which every client of Kubernetes knows to respect. */
const sizeLimit = 1_572_864;

/**
 * The one sequence of changes. A version is taken when its batch is sent to the database, which commits in the order of sending and answers in
 * that order: so versions become visible in their order, and a reader at `committed` has seen everything up to it.
 */
export class CommitLog {
  readonly state: State;
  readonly #database: Database;
  readonly #hub = new Hub();
  #given: number;
  #committed: number;
  #compacted: number;

  constructor(database: Database, { state, version, compacted }: Loaded) {
    this.#database = database;
    this.state = state;
    this.#given = version;
    this.#committed = version;
    this.#compacted = compacted;
  }

  get committed(): number {
    return this.#committed;
  }

  get compacted(): number {
    return this.#compacted;
  }

  /** Durable when it resolves; then visible to readers and told to watchers. */
  async commit(place: Place, kind: Change['kind'], object: KubeObject, options: { orphan?: boolean } = {}): Promise<KubeObject> {
    const previous = this.state.get(place);
    const version = this.#given + 1;
    const json = JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    if (json.length > sizeLimit)
      throw storeErrors.error('STORE_INVALID', `Request entity too large: limit is ${sizeLimit}`, { status: 413 });
    const final = deepFreeze(JSON.parse(json) as KubeObject);
    const before = previous === undefined ? undefined : (previous.metadata.labels ?? {});
    const change: Change = { version, place, kind, object: final, before };
    const ownerGone = kind === 'DELETED' && options.orphan !== true && this.state.dependents(final.metadata.uid as string).length > 0;
    this.#given = version;
    await this.#database.batch(writes(change, json, ownerGone));
    this.state.set(change);
    this.#committed = version;
    this.#hub.publish(change);
    if (version - this.#compacted > 2 * keptChanges) void this.compact(keptChanges).catch(() => {});
    return final;
  }

  async compact(versions: number = keptChanges): Promise<void> {
    const limit = this.#committed - versions;
    if (limit <= this.#compacted) return;
    this.#compacted = limit;
    await this.#database.batch([
      { sql: 'DELETE FROM changes WHERE version <= ?', params: [limit] },
      { sql: `UPDATE facts SET value = ? WHERE name = 'compacted'`, params: [limit] },
    ]);
  }

  async *watch(
    type: ResourceType,
    scope: Pick<Place, 'type'> & { namespace: string | undefined },
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent> {
    const matches = compileSelectors(type, options);
    const { resourceVersion = '' } = options;
    const subscription = this.#hub.subscribe(scope.type, scope.namespace);
    const end = () => subscription.end();
    options.signal?.addEventListener('abort', end, { once: true });
    try {
      if (options.signal?.aborted === true) return;
      // Fixed here, with the subscription already open: whatever is committed from now on comes through it.
      const upTo = this.#committed;
      let seen = upTo;
      if (resourceVersion === '' || resourceVersion === '0') {
        for (const object of this.state.list(scope.type, scope.namespace)) if (matches(object)) yield added(object);
      } else {
        const from = readVersion(resourceVersion);
        // A version of the future was given by another life of this data: a restored backup.
        if (from > upTo) throw gone(from, this.#compacted);
        yield* this.#replay(scope, from, upTo, matches);
      }
      if (options.bookmarks === true) yield bookmark(type, seen);
      for (;;) {
        const idle = this.#committed;
        const next = await subscription.next(options.bookmarks === true ? bookmarkInterval : undefined);
        if (next === undefined) return;
        if (next === 'idle') yield bookmark(type, (seen = Math.max(seen, idle)));
        else if (next === 'overtaken') {
          const upTo = this.#committed;
          yield* this.#replay(scope, seen, upTo, matches);
          seen = upTo;
        } else if (next.version > seen) {
          seen = next.version;
          const event = toEvent(next, matches);
          if (event !== undefined) yield event;
        }
      }
    } finally {
      options.signal?.removeEventListener('abort', end);
      subscription.end();
    }
  }

  /** The changes after `from`, up to and including `upTo`, from the disk. */
  async *#replay(
    scope: { type: string; namespace: string | undefined },
    from: number,
    upTo: number,
    matches: Matcher,
  ): AsyncGenerator<WatchEvent> {
    for (let seen = from; seen < upTo;) {
      if (seen < this.#compacted) throw gone(seen, this.#compacted);
      const page = await readChanges(this.#database, scope.type, seen, upTo, pageSize);
      for (const change of page) {
        seen = change.version;
        const event = scope.namespace === undefined || scope.namespace === change.place.namespace ? toEvent(change, matches) : undefined;
        if (event !== undefined) yield event;
      }
      if (page.length < pageSize) return;
    }
  }
}

function gone(version: number, compacted: number): Error {
  return storeErrors.error('STORE_GONE', `too old resource version: ${version} (${compacted})`);
}

function added(object: KubeObject): WatchEvent {
  return { type: 'ADDED', object };
}

function bookmark(type: ResourceType, version: number): WatchEvent {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { type: 'BOOKMARK', object: { apiVersion, kind: type.kind, metadata: { resourceVersion: String(version) } } };
}
