import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDirectory } from '../config/data-directory.ts';
import { takeLock } from '../config/lock.ts';
import { serverErrors } from '../errors.ts';

/** One backup or prune at a time: a prune beside a backup would take away what the backup has yet to copy. Throws SERVER_MAINTENANCE. */
export function lockMaintenance({ root }: DataDirectory): () => void {
  const release = takeLock(join(root, 'maintenance.lock'));
  if (release === undefined) throw serverErrors.error('SERVER_MAINTENANCE', `another backup or prune of ${root} is running`);
  return release;
}

/**
 * Keeps every server out by holding the lock of its log (log room, `lockDirectory`); undefined: a server is running. Without a log directory there
 * was never a server, and none is kept out.
 */
export function lockServer({ log }: DataDirectory): (() => void) | undefined {
  return existsSync(log) ? takeLock(join(log, 'lock')) : () => undefined;
}
