import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ColophonError, spawnWorker, toErrorRecord, type ErrorRecord } from '@colophon/core';
import { durable } from '../durable/durable.ts';
import { storeErrors } from '../errors.ts';

export type SqlValue = null | number | bigint | string | Uint8Array;

export interface Statement {
  readonly sql: string;
  readonly params?: readonly SqlValue[];
}

/**
 * SQLite in a worker thread, so that no fsync stalls the thread that asks. WAL with synchronous=FULL: what `run` and `batch` have resolved is on
 * disk. Statements are prepared once and kept. Reads see everything that was resolved before them.
 */
export interface Database {
  all<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
  get<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row | undefined>;
  run(sql: string, params?: readonly SqlValue[]): Promise<{ changes: number }>;
  /** All or nothing. Batches that wait at the same time share one transaction and one fsync; one that fails takes nobody with it. */
  batch(statements: readonly Statement[]): Promise<{ changes: number }[]>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** SQL scripts; the n-th brings the data to version n (`PRAGMA user_version`). Only ever added to. */
  readonly migrations: readonly string[];
  readonly synchronous?: 'full' | 'normal';
}

export type WorkerRequest =
  | { readonly id: number; readonly kind: 'all' | 'batch'; readonly statements: readonly Statement[] }
  | { readonly id: number; readonly kind: 'close' };
export type WorkerReply = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: ErrorRecord };

/**
 * Opens or makes the database (mode 0600) and brings its data to the last version. STORE_DATABASE_NEWER when a newer Colophon wrote it,
 * STORE_DATABASE_FAILED when it is no database.
 */
export async function openDatabase(path: string, options: DatabaseOptions): Promise<Database> {
  await (await open(path, 'a', 0o600)).close();
  const worker = spawnWorker(import.meta.url, './worker', { workerData: { path, ...options } });
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const unsent: WorkerRequest[] = [];
  let nextId = 1;
  let closed: Error | undefined;

  function end(error: Error): void {
    closed ??= error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  }
  function answer(reply: WorkerReply): void {
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if (pending.size === 0) worker.unref();
    if ('error' in reply) call?.reject(ColophonError.fromRecord(reply.error));
    else call?.resolve(reply.result);
  }
  worker.on('message', (replies: readonly WorkerReply[]) => {
    for (const reply of replies) answer(reply);
  });
  worker.on('error', (error) =>
    end(storeErrors.error('STORE_DATABASE_FAILED', `the database ${path} failed: ${String(error)}`, { cause: error })),
  );
  worker.on('exit', () => end(storeErrors.error('STORE_CLOSED', `the database ${path} is closed`)));

  function ask<Result>(request: { kind: 'all' | 'batch'; statements: readonly Statement[] } | { kind: 'close' }): Promise<Result> {
    if (closed !== undefined) return Promise.reject(closed);
    const id = nextId++;
    worker.ref();
    return new Promise<Result>((resolve, reject) => {
      pending.set(id, { resolve: (value) => resolve(value as Result), reject });
      // A message costs more than what is in it: what is asked in one turn goes in one.
      if (unsent.push({ ...request, id }) === 1) queueMicrotask(() => send(unsent.splice(0)));
    });
  }

  function send(requests: readonly WorkerRequest[]): void {
    try {
      worker.postMessage(requests);
    } catch (error) {
      const [only, ...others] = requests as [WorkerRequest, ...WorkerRequest[]];
      // Something in it is no value of SQL: whoever sent that is told so, the others go on.
      if (others.length > 0) for (const request of requests) send([request]);
      else answer({ id: only.id, error: toErrorRecord(error) });
    }
  }

  const statement = (sql: string, params?: readonly SqlValue[]) => [params === undefined ? { sql } : { sql, params }];
  try {
    await new Promise<unknown>((resolve, reject) => pending.set(0, { resolve, reject }));
    // The names of the database and of its log survive a loss of power too.
    await durable.syncDirectory(dirname(path));
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    all: <Row>(sql: string, params?: readonly SqlValue[]) => ask<Row[]>({ kind: 'all', statements: statement(sql, params) }),
    get: async <Row>(sql: string, params?: readonly SqlValue[]) =>
      (await ask<Row[]>({ kind: 'all', statements: statement(sql, params) }))[0],
    run: async (sql, params) =>
      (await ask<{ changes: number }[]>({ kind: 'batch', statements: statement(sql, params) }))[0] as { changes: number },
    batch: (statements) => (statements.length === 0 ? Promise.resolve([]) : ask({ kind: 'batch', statements })),
    async close() {
      if (closed !== undefined) return;
      await ask({ kind: 'close' });
      await worker.terminate();
    },
  };
}
