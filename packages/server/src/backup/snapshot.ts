import { rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import type { Database, SqlValue } from '@colophon/store';
import { coreErrors } from '@colophon/core';

/**
 * A copy of a SQLite database as of one moment, while others write to it: VACUUM INTO reads within one transaction, and in WAL mode neither waits for
 * writers nor holds them up. What was committed before the call is in it, whole.
 */
export async function snapshotDatabase(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  const database = new DatabaseSync(from, { readOnly: true, timeout: 10_000 });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
}

/** A database that is only read, as the rooms take one: no migration is run, so that another version's server may be using it. */
export function readDatabase(path: string): Database {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  const refuse = () => Promise.reject(coreErrors.error('CORE_INTERNAL', `${path} was opened for reading only`));
  const all = async <Row>(sql: string, params: readonly SqlValue[] = []) => database.prepare(sql).all(...(params as never[])) as Row[];
  return {
    all,
    get: async <Row>(sql: string, params?: readonly SqlValue[]) => (await all<Row>(sql, params))[0],
    run: refuse,
    batch: refuse,
    close: async () => database.close(),
  };
}
