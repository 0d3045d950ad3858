import { DatabaseSync } from 'node:sqlite';

/**
 * A lock of the operating system, taken through SQLite because Node has no call for it: a process that dies, however it dies, lets go. Gives what
 * lets go, or undefined when another process has it.
 */
export function takeLock(path: string): (() => void) | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return () => database.close();
  } catch {
    database.close();
    return undefined;
  }
}
