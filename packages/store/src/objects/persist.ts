import type { Database, SqlValue } from '../database/database.ts';
import type { Change, Place } from './change.ts';
import { deepFreeze } from './identity.ts';
import { State } from './state.ts';
import type { KubeObject } from './types.ts';

/** The tables behind an object store. Only ever added to. */
export const migrations = [
  `CREATE TABLE objects (
     type TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, json TEXT NOT NULL,
     PRIMARY KEY (type, namespace, name)
   ) WITHOUT ROWID;
   CREATE TABLE changes (
     version INTEGER PRIMARY KEY, type TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL,
     labels TEXT
   );
   CREATE INDEX changes_by_type ON changes (type, version);
   CREATE TABLE owners_gone (uid TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO facts VALUES ('compacted', 0)`,
];

export interface Loaded {
  readonly state: State;
  /** The last version that was committed. */
  readonly version: number;
  readonly compacted: number;
  /** Owners whose dependents were not all deleted when the process ended. */
  readonly ownersGone: readonly string[];
}

export async function load(database: Database): Promise<Loaded> {
  const state = new State();
  const page = 1000;
  let last: readonly [string, string, string] = ['', '', ''];
  for (;;) {
    const rows = await database.all<Place & { json: string }>(
      'SELECT type, namespace, name, json FROM objects WHERE (type, namespace, name) > (?, ?, ?) ORDER BY type, namespace, name LIMIT ?',
      [...last, page],
    );
    for (const { json, ...place } of rows) state.set({ place, kind: 'ADDED', object: parse(json) });
    const end = rows.at(-1);
    if (end === undefined || rows.length < page) break;
    last = [end.type, end.namespace, end.name];
  }
  const [compacted] = await database.all<{ value: number }>(`SELECT value FROM facts WHERE name = 'compacted'`);
  const [newest] = await database.all<{ version: number | null }>(
    'SELECT max((SELECT coalesce(max(version), 0) FROM changes), (SELECT coalesce(max(version), 0) FROM objects)) AS version',
  );
  const gone = await database.all<{ uid: string }>('SELECT uid FROM owners_gone');
  return {
    state,
    version: Math.max(newest?.version ?? 0, compacted?.value ?? 0),
    compacted: compacted?.value ?? 0,
    ownersGone: gone.map(({ uid }) => uid),
  };
}

/** The statements of one change; one batch. `json` is the object's text. */
export function writes(change: Change, json: string, ownerGone: boolean): { sql: string; params: SqlValue[] }[] {
  const { version, place, kind, object, before } = change;
  const { type, namespace, name } = place;
  const statements: { sql: string; params: SqlValue[] }[] = [
    kind === 'DELETED'
      ? { sql: 'DELETE FROM objects WHERE type = ? AND namespace = ? AND name = ?', params: [type, namespace, name] }
      : { sql: 'INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)', params: [type, namespace, name, version, json] },
    {
      sql: 'INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?)',
      params: [version, type, namespace, name, kind, json, before === undefined ? null : JSON.stringify(before)],
    },
  ];
  if (ownerGone) statements.push({ sql: 'INSERT OR REPLACE INTO owners_gone VALUES (?)', params: [object.metadata.uid as string] });
  return statements;
}

/** At most `limit` changes after `from`, up to and including `to`, of all namespaces. */
export async function readChanges(database: Database, type: string, from: number, to: number, limit: number): Promise<Change[]> {
  const rows = await database.all<Omit<Place, 'type'> & { version: number; kind: Change['kind']; json: string; labels: string | null }>(
    'SELECT version, namespace, name, kind, json, labels FROM changes WHERE type = ? AND version > ? AND version <= ? ORDER BY version LIMIT ?',
    [type, from, to, limit],
  );
  return rows.map(({ version, namespace, name, kind, json, labels }) => ({
    version,
    place: { type, namespace, name },
    kind,
    object: parse(json),
    before: labels === null ? undefined : (JSON.parse(labels) as Record<string, string>),
  }));
}

export function parse(json: string): KubeObject {
  return deepFreeze(JSON.parse(json) as KubeObject);
}
