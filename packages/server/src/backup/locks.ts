import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DataDirectory } from '../config/data-directory.ts';
import { serverErrors } from '../errors.ts';

/**
 * Locks of the operating system, taken through SQLite because Node has no call for them: a process that dies, however it dies, lets go. Undefined:
 * another process has it.
 */
function take(path: string): (() => void) | undefined {
  const database = openLock(path);
  try {
    database.exec('BEGIN EXCLUSIVE');
    return () => database.close();
  } catch {
    database.close();
    return undefined;
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (cause) {
    throw serverErrors.error('SERVER_DATA_MISSING', `cannot open ${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'Run the command as the user whose data it is.',
    });
  }
}

/** One backup or prune at a time: a prune beside a backup would take away what the backup has yet to copy. Throws SERVER_MAINTENANCE. */
export function lockMaintenance({ root }: DataDirectory): () => void {
  const release = take(join(root, 'maintenance.lock'));
  if (release === undefined) throw serverErrors.error('SERVER_MAINTENANCE', `another backup or prune of ${root} is running`);
  return release;
}

/**
 * Keeps every server out by holding the lock of its log (log room, `lockDirectory`); undefined: a server is running. Without a log directory there
 * was never a server, and none is kept out.
 */
export function lockServer({ log }: DataDirectory): (() => void) | undefined {
  return existsSync(log) ? take(join(log, 'lock')) : () => undefined;
}
