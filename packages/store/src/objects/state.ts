import type { Database } from '../database/database.ts';
import { deepFreeze } from './identity.ts';
import type { Change } from './hub.ts';
import type { KubeObject } from './types.ts';

/** The tables behind an object store. Only ever added to. */
export const migrations = [
  `CREATE TABLE objects (
     type TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, json TEXT NOT NULL,
     PRIMARY KEY (type, namespace, name)
   ) WITHOUT ROWID;
   CREATE TABLE changes (
     version INTEGER PRIMARY KEY, type TEXT NOT NULL, namespace TEXT NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL, previous TEXT
   );
   CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO facts VALUES ('compacted', 0)`,
];

/** What is committed, in memory: reads never wait for the disk. */
export class State {
  readonly #types = new Map<string, Map<string, KubeObject>>();

  get(type: string, namespace: string, name: string): KubeObject | undefined {
    return this.#types.get(type)?.get(`${namespace}/${name}`);
  }

  apply({ type, namespace, kind, object }: Pick<Change, 'type' | 'namespace' | 'kind' | 'object'>): void {
    const key = `${namespace}/${object.metadata.name}`;
    let objects = this.#types.get(type);
    if (objects === undefined) this.#types.set(type, (objects = new Map()));
    if (kind === 'DELETED') objects.delete(key);
    else objects.set(key, object);
  }

  /** Ordered by namespace and name, as etcd orders keys. */
  list(type: string, namespace: string | undefined): KubeObject[] {
    const all = [...(this.#types.get(type)?.entries() ?? [])];
    const wanted = namespace === undefined ? all : all.filter(([key]) => key.startsWith(`${namespace}/`));
    return wanted.toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
  }
}

export async function loadState(database: Database): Promise<{ state: State; version: number; compacted: number }> {
  const state = new State();
  const rows = await database.all<{ type: string; namespace: string; json: string }>('SELECT type, namespace, json FROM objects');
  for (const { type, namespace, json } of rows) state.apply({ type, namespace, kind: 'ADDED', object: parse(json) });
  const last = await database.get<{ version: number }>(
    `SELECT max(coalesce((SELECT max(version) FROM changes), 0), coalesce((SELECT max(version) FROM objects), 0), (SELECT value FROM facts WHERE name = 'compacted')) AS version`,
  );
  const compacted = await database.get<{ value: number }>(`SELECT value FROM facts WHERE name = 'compacted'`);
  return { state, version: last?.version ?? 0, compacted: compacted?.value ?? 0 };
}

export function writes(change: Change): { sql: string; params: (string | number | null)[] }[] {
  const { version, type, namespace, kind, object, previous } = change;
  const json = JSON.stringify(object);
  const name = object.metadata.name as string;
  return [
    kind === 'DELETED'
      ? { sql: 'DELETE FROM objects WHERE type = ? AND namespace = ? AND name = ?', params: [type, namespace, name] }
      : { sql: 'INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)', params: [type, namespace, name, version, json] },
    {
      sql: 'INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)',
      params: [version, type, namespace, kind, json, previous === undefined ? null : JSON.stringify(previous.metadata.labels ?? {})],
    },
  ];
}

/** Changes after `from`, up to and including `to`. Of the object before, only the labels are kept: what selectors need. */
export async function readChanges(
  database: Database,
  type: string,
  namespace: string | undefined,
  from: number,
  to: number,
): Promise<Change[]> {
  const rows = await database.all<{ version: number; namespace: string; kind: Change['kind']; json: string; previous: string | null }>(
    `SELECT version, namespace, kind, json, previous FROM changes WHERE type = ? AND version > ? AND version <= ? AND (? IS NULL OR namespace = ?) ORDER BY version`,
    [type, from, to, namespace ?? null, namespace ?? null],
  );
  return rows.map((row) => {
    const object = parse(row.json);
    const previous =
      row.previous === null
        ? undefined
        : { ...object, metadata: { ...object.metadata, labels: JSON.parse(row.previous) as Record<string, string> } };
    return { version: row.version, type, namespace: row.namespace, kind: row.kind, object, previous };
  });
}

export function parse(json: string): KubeObject {
  return deepFreeze(JSON.parse(json) as KubeObject);
}
