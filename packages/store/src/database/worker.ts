import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { isColophonError, toErrorRecord } from '@colophon/core';
import { storeErrors } from '../errors.ts';
import type { DatabaseOptions, SqlValue, Statement, WorkerReply, WorkerRequest } from './database.ts';

const port = parentPort as MessagePort;
const { path, migrations, synchronous } = workerData as DatabaseOptions & { path: string };
const prepared = new Map<string, StatementSync>();
/** Statements kept prepared; more texts than this are of a caller that pastes values into SQL. */
const preparedLimit = 500;
let database: DatabaseSync;

function open(): DatabaseSync {
  const opened = new DatabaseSync(path);
  try {
    opened.exec(
      `PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous === 'normal' ? 'NORMAL' : 'FULL'}; PRAGMA foreign_keys = ON`,
    );
    migrate(opened);
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** Each script and its number in one transaction: after a crash the data has the old version or the new one. */
function migrate(opened: DatabaseSync): void {
  const { user_version: version } = opened.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > migrations.length) {
    throw storeErrors.error('STORE_DATABASE_NEWER', `${path} has version ${version}; this Colophon knows ${migrations.length}`);
  }
  for (const [index, script] of migrations.entries()) {
    if (index < version) continue;
    opened.exec('BEGIN IMMEDIATE');
    opened.exec(script);
    opened.exec(`PRAGMA user_version = ${index + 1}`);
    opened.exec('COMMIT');
  }
}

function prepare(sql: string): StatementSync {
  let statement = prepared.get(sql);
  if (statement === undefined) {
    statement = database.prepare(sql);
    if (prepared.size >= preparedLimit) prepared.clear();
    prepared.set(sql, statement);
  }
  return statement;
}

const values = (statement: Statement) => (statement.params ?? []) as SqlValue[];

/** SQLITE_FULL, and SQLITE_IOERR_SHMSIZE: the shared index of the log could not grow. */
const fullCodes = new Set([13, 4874]);

function failure(id: number, error: unknown): WorkerReply {
  if (isColophonError(error)) return { id, error: toErrorRecord(error) };
  const message = error instanceof Error ? error.message : String(error);
  const full = fullCodes.has((error as { errcode?: number }).errcode ?? 0);
  const code = full ? 'STORE_DISK_FULL' : 'STORE_DATABASE_FAILED';
  return { id, error: toErrorRecord(storeErrors.error(code, `${path}: ${message}`, { details: { sqlite: message } })) };
}

type Batch = WorkerRequest & { readonly kind: 'batch' };

/**
 * Runs the batches that wait in one transaction, each within a savepoint of its own: one fsync for all. Answers leave after the commit. When the
 * transaction as a whole fails, as on a full disk, each batch is tried alone, so that a large one does not take the small ones with it.
 */
function commit(batches: readonly Batch[]): WorkerReply[] {
  try {
    database.exec('BEGIN IMMEDIATE');
    const replies = batches.map(within);
    database.exec('COMMIT');
    return replies;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    const [only] = batches;
    return batches.length === 1 && only !== undefined ? [failure(only.id, error)] : batches.flatMap((batch) => commit([batch]));
  }
}

function within({ id, statements }: Batch): WorkerReply {
  database.exec('SAVEPOINT batch');
  try {
    const result = statements.map((statement) => ({ changes: Number(prepare(statement.sql).run(...values(statement)).changes) }));
    database.exec('RELEASE batch');
    return { id, result };
  } catch (error) {
    // Some failures roll the whole transaction back, this savepoint and all.
    if (!database.isTransaction) throw error;
    database.exec('ROLLBACK TO batch');
    database.exec('RELEASE batch');
    return failure(id, error);
  }
}

function readAll({ id, statements }: WorkerRequest & { kind: 'all' }): WorkerReply {
  try {
    const [statement] = statements as [Statement];
    return { id, result: prepare(statement.sql).all(...values(statement)) };
  } catch (error) {
    return failure(id, error);
  }
}

/** The requests of a message, and of those that have come meanwhile. */
function* waitingRequests(first: readonly WorkerRequest[]): Generator<WorkerRequest> {
  for (
    let next: readonly WorkerRequest[] | undefined = first;
    next !== undefined;
    next = receiveMessageOnPort(port)?.message as readonly WorkerRequest[] | undefined
  )
    yield* next;
}

function take(first: readonly WorkerRequest[]): void {
  let waiting: Batch[] = [];
  let replies: WorkerReply[] = [];
  const answer = () => {
    if (replies.length > 0) port.postMessage(replies);
    replies = [];
  };
  const flush = () => {
    if (waiting.length === 0) return;
    // What was read before does not wait for the disk.
    answer();
    replies.push(...commit(waiting));
    waiting = [];
  };
  for (const next of waitingRequests(first)) {
    if (next.kind === 'batch') {
      waiting.push(next as Batch);
      if (waiting.length >= 1000) flush();
      continue;
    }
    // A read sees what was asked before it.
    flush();
    if (next.kind === 'all') replies.push(readAll(next as WorkerRequest & { kind: 'all' }));
    else {
      prepared.clear();
      database.close();
      replies.push({ id: next.id, result: null });
      return answer();
    }
  }
  flush();
  answer();
}

// The first reply, of id 0, says whether the database could be opened.
try {
  database = open();
  port.on('message', take);
  port.postMessage([{ id: 0, result: null }] satisfies WorkerReply[]);
} catch (error) {
  port.postMessage([failure(0, error)]);
}
