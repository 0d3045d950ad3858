import { writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '@colophon/store';
import { temporary } from '../support/temporary.ts';

const migrations = ['CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT NOT NULL)'];
const insert = 'INSERT INTO numbers VALUES (?, ?)';

async function open(path = join(temporary(), 'a.sqlite'), scripts: readonly string[] = migrations) {
  const database = await openDatabase(path, { migrations: scripts });
  onTestFinished(() => database.close());
  return database;
}

describe('a database', () => {
  it('keeps every type of value', async () => {
    const database = await open(undefined, ['CREATE TABLE v (a, b, c, d, e)']);
    const bytes = new Uint8Array([0, 255, 1]);
    await database.run('INSERT INTO v VALUES (?, ?, ?, ?, ?)', [null, 1.5, 'text ☃', bytes, 9_007_199_254_740_991n]);
    expect(await database.get('SELECT * FROM v')).toEqual({ a: null, b: 1.5, c: 'text ☃', d: bytes, e: 9_007_199_254_740_991 });
    expect(await database.get('SELECT * FROM v WHERE a = 1')).toBeUndefined();
  });

  it('is private, in WAL mode, and syncs each commit', async () => {
    const path = join(temporary(), 'a.sqlite');
    const database = await open(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await database.run(insert, [1, 'one']);
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
    expect(await database.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    expect(await database.get('PRAGMA synchronous')).toEqual({ synchronous: 2 });
  });

  it('makes a batch whole or not at all', async () => {
    const database = await open();
    const batch = database.batch([
      { sql: insert, params: [1, 'one'] },
      { sql: insert, params: [1, 'again'] },
    ]);
    await expect(batch).rejects.toMatchObject({ code: 'STORE_DATABASE_FAILED' });
    expect(await database.all('SELECT * FROM numbers')).toEqual([]);
    expect(await database.batch([])).toEqual([]);
    const both = database.batch([
      { sql: insert, params: [1, 'one'] },
      { sql: 'UPDATE numbers SET word = ?', params: ['two'] },
    ]);
    expect(await both).toEqual([{ changes: 1 }, { changes: 1 }]);
  });

  it('commits many batches together, and one that fails alone', async () => {
    const database = await open();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 3000 }, (_, index) =>
        database.batch([
          { sql: insert, params: [2 * index, 'a'] },
          // Every tenth takes a number that is taken.
          { sql: insert, params: [index % 10 === 9 ? 0 : 2 * index + 1, 'b'] },
        ]),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(300);
    expect(await database.get('SELECT count(*) AS n FROM numbers')).toEqual({ n: 5400 });
    expect(await database.get('SELECT count(*) AS n FROM numbers WHERE n / 2 % 10 = 9')).toEqual({ n: 0 });
  });

  it('shows a read everything that was asked before it', async () => {
    const database = await open();
    const write = database.run(insert, [1, 'one']);
    const read = database.all('SELECT word FROM numbers');
    expect(await read).toEqual([{ word: 'one' }]);
    await write;
  });

  it('fails one call with what is no value of SQL, and none of those that were sent with it', async () => {
    const database = await openDatabase(join(temporary(), 'a.sqlite'), { migrations: ['CREATE TABLE t (a)'] });
    const calls = [1, () => 2, 3].map((value) => database.run('INSERT INTO t VALUES (?)', [value as number]));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await database.all('SELECT a FROM t ORDER BY a')).toEqual([{ a: 1 }, { a: 3 }]);
    await database.close();
  });

  it('refuses calls after it is closed, and finishes those before', async () => {
    const database = await open();
    const write = database.run(insert, [1, 'one']);
    await database.close();
    expect(await write).toEqual({ changes: 1 });
    await expect(database.all('SELECT 1')).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await database.close();
  });
});

describe('migrations', () => {
  it('bring older data forward, and refuse newer', async () => {
    const path = join(temporary(), 'a.sqlite');
    const old = await openDatabase(path, { migrations });
    await old.run(insert, [1, 'one']);
    await old.close();
    const later = [...migrations, "ALTER TABLE numbers ADD COLUMN extra TEXT DEFAULT 'x'; UPDATE numbers SET word = 'moved'"];
    const current = await openDatabase(path, { migrations: later });
    expect(await current.all('SELECT * FROM numbers')).toEqual([{ n: 1, word: 'moved', extra: 'x' }]);
    await current.close();
    await expect(openDatabase(path, { migrations })).rejects.toMatchObject({
      code: 'STORE_DATABASE_NEWER',
      message: `${path} has version 2; this Colophon knows 1`,
    });
  });

  it('that fail leave the data as it was', async () => {
    const path = join(temporary(), 'a.sqlite');
    const old = await openDatabase(path, { migrations });
    await old.run(insert, [1, 'one']);
    await old.close();
    const broken = [...migrations, "UPDATE numbers SET word = 'half'; SELECT nonsense"];
    await expect(openDatabase(path, { migrations: broken })).rejects.toMatchObject({ code: 'STORE_DATABASE_FAILED' });
    const again = await open(path);
    expect(await again.all('SELECT * FROM numbers')).toEqual([{ n: 1, word: 'one' }]);
  });

  it('do not touch what is no database', async () => {
    const path = join(temporary(), 'a.sqlite');
    writeFileSync(path, 'these are somebody’s notes\n'.repeat(100));
    await expect(openDatabase(path, { migrations })).rejects.toMatchObject({ code: 'STORE_DATABASE_FAILED' });
  });
});
