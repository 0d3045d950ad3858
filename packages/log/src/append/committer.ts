import { logErrors } from '../errors.ts';
import { timestampBytes } from '../log/entry.ts';
import type { LogIdentity } from '../log/identity.ts';
import type { IndexDatabase, IndexedEntry } from '../log/index-database.ts';
import { signCommit, type LogSigner } from '../log/signer.ts';
import { hashLeaf } from '../merkle/hash.ts';
import { consistencyRanges } from '../merkle/proof.ts';
import { formatCheckpoint } from '../note/checkpoint.ts';
import { formatNote } from '../note/note.ts';
import type { Entries } from '../tiles/entries.ts';
import type { Tree } from '../tiles/tree.ts';
import type { Journal } from '../tiles/storage.ts';
import { encodeBatch, type SealedEntry } from './batch-record.ts';

/** A tree head that was signed and stored. */
export interface Published {
  readonly size: number;
  readonly rootHash: Buffer;
  /** The signed note. */
  readonly checkpoint: string;
}

export interface CommitterParts {
  readonly identity: LogIdentity;
  readonly signer: LogSigner;
  readonly journal: Journal;
  readonly index: IndexDatabase;
  readonly tree: Tree;
  readonly entries: Entries;
  readonly now: () => Date;
}

interface Pending extends SealedEntry {
  readonly leafHash: Buffer;
}

/**
 * Takes entries through the two steps of a commit. One call at a time.
 *
 * 1. **Seal**: the batch goes into the journal, synced. From here its entries have their places, and the root of the new size
 *    is fixed for ever, whatever happens: so the key never signs another one.
 * 2. **Publish**: checkpoint and timestamps are signed, and index and head stored in one transaction. Then the entries may be acknowledged.
 *
 * If publishing fails, the sealed entries stay pending and go with the next attempt; recovery after a crash puts them there too.
 */
export class Committer {
  readonly #parts: CommitterParts;
  #pending: Pending[] = [];
  #lastTime = 0;
  published: Published;

  constructor(parts: CommitterParts, published: Published, lastTime: number) {
    this.#parts = parts;
    this.published = published;
    this.#lastTime = lastTime;
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /**
   * Recovery: entries of the journal take their places in the tree. Those that the index has were published, with the
   * timestamps it holds; the others are pending.
   */
  adopt(sealed: readonly SealedEntry[], published: readonly Omit<IndexedEntry, 'keys'>[]): void {
    const { tree, entries } = this.#parts;
    for (const [position, entry] of sealed.entries()) {
      if (entry.index !== tree.size)
        throw logErrors.error('LOG_CORRUPT', `the journal has entry ${entry.index} where ${tree.size} should follow`);
      const leafHash = hashLeaf(entry.body);
      const row = published[position];
      if (row !== undefined && !(row.index === entry.index && row.leafHash.equals(leafHash))) {
        throw logErrors.error('LOG_CORRUPT', `the index and the journal differ about entry ${entry.index}`);
      }
      tree.append(leafHash);
      if (row === undefined) this.#pending.push({ ...entry, leafHash });
      else entries.append(entry.body, { ...row, keys: entry.keys });
      this.#lastTime = Math.max(this.#lastTime, entry.integratedTime);
    }
  }

  /** Gives the index of each body, new or not; `fresh` says which were new. */
  async seal(
    proposals: readonly { body: Buffer; leafHash: Buffer; keys: readonly string[] }[],
  ): Promise<{ index: number; fresh: boolean }[]> {
    const { tree, index, journal, now } = this.#parts;
    const known = await index.known(proposals.map(({ leafHash }) => leafHash.toString('hex')));
    for (const entry of this.#pending) known.set(entry.leafHash.toString('hex'), entry.index);
    const integratedTime = Math.max(this.#lastTime, Math.floor(now().getTime() / 1000));
    const sealed: Pending[] = [];
    const places = proposals.map(({ body, leafHash, keys }) => {
      const hex = leafHash.toString('hex');
      const existing = known.get(hex);
      if (existing !== undefined) return { index: existing, fresh: false };
      const place = tree.size + sealed.length;
      known.set(hex, place);
      sealed.push({ index: place, body, integratedTime, keys, leafHash });
      return { index: place, fresh: true };
    });
    if (sealed.length > 0) {
      await journal.append(encodeBatch(sealed));
      for (const { leafHash } of sealed) tree.append(leafHash);
      this.#pending.push(...sealed);
      this.#lastTime = integratedTime;
    }
    return places;
  }

  /** Signs and stores the head that covers everything sealed. Throws LOG_SIGNER, or what the index throws. */
  async publish(): Promise<void> {
    const { tree, index, entries, identity, signer } = this.#parts;
    const size = tree.size;
    const pending = this.#pending;
    const rootHash = await tree.root(size);
    const text = formatCheckpoint({ origin: identity.origin, size, rootHash });
    const timestamps = pending.map(({ body, integratedTime, index: logIndex }) =>
      timestampBytes({ body: body.toString('base64'), integratedTime, logID: identity.logId, logIndex }),
    );
    const signed = await signCommit(signer, {
      checkpoint: text,
      size,
      previousSize: this.published.size,
      timestamps,
      consistency: (from) => tree.hashes(consistencyRanges(from, size)),
    });
    const { hostname, noteKey } = identity;
    const checkpoint = formatNote({ text, signatures: [{ name: hostname, hint: noteKey.hint, signature: signed.checkpoint }] });
    const indexed = pending.map((entry, position) => ({ ...entry, signedEntryTimestamp: signed.timestamps[position] as Buffer }));
    await index.publish(indexed, { size, checkpoint });
    for (const { body, ...record } of indexed) entries.append(body, record);
    this.#pending = [];
    this.published = { size, rootHash, checkpoint };
  }
}
