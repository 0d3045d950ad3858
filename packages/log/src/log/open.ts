import { join } from 'node:path';
import { durable, openDatabase, type BlobStore, type Database } from '@colophon/store';
import { openFileJournal } from '../append/file-journal.ts';
import { Flusher } from '../append/flusher.ts';
import { Mutex } from '../append/mutex.ts';
import { PreparePool } from '../append/prepare-pool.ts';
import { Sequencer } from '../append/sequencer.ts';
import { Entries } from '../tiles/entries.ts';
import { fileStorage } from '../tiles/file-storage.ts';
import type { Journal, TileStorage } from '../tiles/storage.ts';
import { Tree } from '../tiles/tree.ts';
import { openIdentity } from './identity.ts';
import { IndexDatabase } from './index-database.ts';
import { lockDirectory } from './lock.ts';
import { Log } from './log.ts';
import { recover } from './recover.ts';
import type { LogSigner } from './signer.ts';

export interface LogOptions {
  /** Holds log.json, the lock, the journal and, unless `storage` says otherwise, the tiles. Made if it is missing. */
  readonly directory: string;
  /** Index; default: `log.sqlite` in the directory. One that is given is not closed by the log. */
  readonly database?: Database;
  readonly signer: LogSigner;
  /** Name of the log in checkpoints: needed for a new log, must be the same ever after. */
  readonly hostname?: string;
  /** Tree id of a new log; default: random. */
  readonly treeId?: bigint;
  /** Keeps attestations, by the SHA-256 of the payload. */
  readonly blobs: BlobStore;
  /** Bytes; default: 16 MiB. */
  readonly maxAttestation?: number;
  readonly storage?: TileStorage;
  readonly journal?: Journal;
  /** Threads that check entries. */
  readonly workers?: number;
  readonly now?: () => Date;
  /** Failures of the work behind acknowledgements (writing tiles); it is tried again. Default: a line on standard error. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Opens a log for writing; a new one gets its identity and the signed checkpoint of the empty tree. Recovers from any crash.
 * Throws LOG_LOCKED, LOG_IDENTITY, LOG_CORRUPT, LOG_TAIL_LOST, LOG_SIGNER.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { directory, signer, blobs } = options;
  const now = options.now ?? (() => new Date());
  await durable.createDirectory(directory);
  const unlock = lockDirectory(directory);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const identity = await openIdentity(directory, signer, { ...options, now });
    const database = options.database ?? (await openDatabase(join(directory, 'log.sqlite'), { migrations: [] }));
    if (options.database === undefined) opened.push(database);
    const storage = options.storage ?? fileStorage(directory);
    const journal = options.journal ?? (await openFileJournal(join(directory, 'journal')));
    const [index, tree, entries, mutex] = [new IndexDatabase(database), new Tree(storage), new Entries(storage), new Mutex()];
    const { committer, stored } = await recover({ identity, signer, journal, index, tree, entries, storage, now });
    const onError = options.onError ?? ((error) => process.stderr.write(`log: ${String(error)}\n`));
    const flusher = new Flusher({ storage, journal, tree, entries, committer, mutex, onError }, new Mutex(), stored);
    await flusher.flush();
    const sequencer = new Sequencer(committer, mutex, () => flusher.schedule());
    const pool = new PreparePool(options.workers);
    const release = async () => {
      for (const resource of opened) await resource.close();
      unlock();
    };
    const maxAttestation = options.maxAttestation ?? 16 * 1024 * 1024;
    return new Log({
      identity,
      index,
      tree,
      entries,
      storage,
      journal,
      committer,
      mutex,
      sequencer,
      flusher,
      pool,
      blobs,
      maxAttestation,
      release,
    });
  } catch (error) {
    for (const resource of opened) await resource.close();
    unlock();
    throw error;
  }
}
