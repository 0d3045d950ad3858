/**
 * Where tiles, bundles, records and the checkpoint are kept: named objects, written whole. The seam behind which an
 * S3-compatible store stands when one disk is outgrown.
 *
 * - `write` resolves only when the object is durable and whole under its name; a reader sees the old bytes or the
 *   new, never a mixture. Writing the same bytes again is harmless. The log calls it for one name at a time.
 * - `read` gives undefined for a name that was never written; any other failure rejects.
 * - Names are relative paths with `/`, of the alphabet [a-z0-9./-], never `..`; the log makes them, no client does.
 * - What is read back is not trusted: the log checks it against the signed root.
 */
export interface TileStorage {
  read(name: string): Promise<Buffer | undefined>;
  write(name: string, data: Uint8Array): Promise<void>;
  /** Durable once resolved; removing what is not there is no error. */
  remove(name: string): Promise<void>;
}

/**
 * What is accepted and not yet in the tiles, in order. The seal of a batch: when `append` has resolved, the
 * batch survives a crash and power loss, whole.
 */
export interface Journal {
  /** Records that survived, oldest first; a torn last one has been dropped. Throws LOG_CORRUPT for damage before the end. */
  recover(): Promise<Buffer[]>;
  append(record: Uint8Array): Promise<void>;
  /** Makes the next segment ready, so that `roll` need not wait for the disk. */
  prepareRoll(): Promise<void>;
  /** From now on records go to the next segment. */
  roll(): void;
  /** Forgets every segment before the present one: all that they hold is in the tiles. */
  forget(): Promise<void>;
  close(): Promise<void>;
}
