import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { logErrors } from '../errors.ts';

/**
 * One writer for one log: an exclusive lock of the operating system on `lock`, taken through SQLite because Node has no call
 * for it. A process that dies, however it dies, lets go of it. Throws LOG_LOCKED.
 */
export function lockDirectory(directory: string): () => void {
  const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw logErrors.error('LOG_LOCKED', `the log ${directory} is open in another process`, { cause });
  }
  return () => database.close();
}
