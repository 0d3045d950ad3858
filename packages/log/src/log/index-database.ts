import type { Database } from '@colophon/store';

const schema = [
  `CREATE TABLE IF NOT EXISTS log_entries (
     idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL UNIQUE, time INTEGER NOT NULL, signed_timestamp BLOB NOT NULL) STRICT`,
  `CREATE TABLE IF NOT EXISTS log_keys (key TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (key, idx)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS log_head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, checkpoint TEXT NOT NULL) STRICT`,
];

const insertEntries = `INSERT INTO log_entries (idx, leaf, time, signed_timestamp)
  SELECT value ->> 0, unhex(value ->> 1), value ->> 2, unhex(value ->> 3) FROM json_each(?)`;
/** Refilling may meet rows of an earlier attempt that a crash cut short. */
const replaceEntries = insertEntries.replace('INSERT', 'INSERT OR REPLACE');
const insertKeys = 'INSERT OR IGNORE INTO log_keys (key, idx) SELECT value ->> 0, value ->> 1 FROM json_each(?)';
const setHead = `INSERT INTO log_head (id, size, checkpoint) VALUES (1, ?, ?)
  ON CONFLICT (id) DO UPDATE SET size = excluded.size, checkpoint = excluded.checkpoint`;

/** Answers of one search; whoever signs more than this with one key pages through the tiles. */
const maxResults = 50_000;

export interface IndexedEntry {
  readonly index: number;
  readonly leafHash: Buffer;
  readonly integratedTime: number;
  readonly signedEntryTimestamp: Buffer;
  readonly keys: readonly string[];
}

export interface Head {
  readonly size: number;
  readonly checkpoint: string;
}

interface Row {
  idx: number;
  leaf: Uint8Array;
  time: number;
  signed_timestamp: Uint8Array;
}

/**
 * The index of a log: from leaf hash and search keys to entries, and the head that was published last. All of it can be made again
 * from the tree and its records; it is written before an entry is acknowledged, so a search right after finds it.
 */
export class IndexDatabase {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async open(): Promise<Head | undefined> {
    await this.#database.batch(schema.map((sql) => ({ sql })));
    return this.#database.get<Head>('SELECT size, checkpoint FROM log_head');
  }

  /** One transaction: entries, their keys and the head that covers them. */
  async publish(entries: readonly IndexedEntry[], head: Head): Promise<void> {
    await this.#database.batch([...this.#inserts(insertEntries, entries), { sql: setHead, params: [head.size, head.checkpoint] }]);
  }

  /** Puts rows back that follow from the stored tree. */
  async refill(entries: readonly IndexedEntry[]): Promise<void> {
    if (entries.length > 0) await this.#database.batch(this.#inserts(replaceEntries, entries));
  }

  #inserts(sql: string, entries: readonly IndexedEntry[]) {
    if (entries.length === 0) return [];
    const rows = entries.map(({ index, leafHash, integratedTime, signedEntryTimestamp }) => [
      index,
      leafHash.toString('hex'),
      integratedTime,
      signedEntryTimestamp.toString('hex'),
    ]);
    const keys = entries.flatMap(({ index, keys }) => keys.map((key) => [key, index]));
    return [
      { sql, params: [JSON.stringify(rows)] },
      { sql: insertKeys, params: [JSON.stringify(keys)] },
    ];
  }

  async clear(): Promise<void> {
    await this.#database.batch(['log_entries', 'log_keys', 'log_head'].map((table) => ({ sql: `DELETE FROM ${table}` })));
  }

  async byIndex(index: number): Promise<Omit<IndexedEntry, 'keys'> | undefined> {
    return entryOf(await this.#database.get<Row>('SELECT * FROM log_entries WHERE idx = ?', [index]));
  }

  async byLeaf(leafHash: Buffer): Promise<Omit<IndexedEntry, 'keys'> | undefined> {
    return entryOf(await this.#database.get<Row>('SELECT * FROM log_entries WHERE leaf = ?', [leafHash]));
  }

  async range(start: number, end: number): Promise<Omit<IndexedEntry, 'keys'>[]> {
    const rows = await this.#database.all<Row>('SELECT * FROM log_entries WHERE idx >= ? AND idx < ? ORDER BY idx', [start, end]);
    return rows.map((row) => entryOf(row) as Omit<IndexedEntry, 'keys'>);
  }

  async count(): Promise<number> {
    return (await this.#database.get<{ n: number }>('SELECT count(*) AS n FROM log_entries'))?.n ?? 0;
  }

  /** Indices of those leaves that are in the log, by hex hash. */
  async known(leaves: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#database.all<{ leaf: Uint8Array; idx: number }>(
      'SELECT leaf, idx FROM log_entries WHERE leaf IN (SELECT unhex(value) FROM json_each(?))',
      [JSON.stringify(leaves)],
    );
    return new Map(rows.map(({ leaf, idx }) => [Buffer.from(leaf).toString('hex'), idx]));
  }

  /** Leaf hashes of entries that have one of the keys (`or`) or all (`and`), in the order of the log; the newest if there are too many. */
  async search(keys: readonly string[], operator: 'and' | 'or'): Promise<Buffer[]> {
    const unique = [...new Set(keys)];
    const rows = await this.#database.all<{ leaf: Uint8Array }>(
      `SELECT leaf FROM (
         SELECT idx FROM log_keys WHERE key IN (SELECT value FROM json_each(?)) GROUP BY idx HAVING count(*) >= ?
         ORDER BY idx DESC LIMIT ?) JOIN log_entries USING (idx) ORDER BY idx`,
      [JSON.stringify(unique), operator === 'and' ? unique.length : 1, maxResults],
    );
    return rows.map(({ leaf }) => Buffer.from(leaf));
  }
}

function entryOf(row: Row | undefined): Omit<IndexedEntry, 'keys'> | undefined {
  if (row === undefined) return undefined;
  return {
    index: row.idx,
    leafHash: Buffer.from(row.leaf),
    integratedTime: row.time,
    signedEntryTimestamp: Buffer.from(row.signed_timestamp),
  };
}
