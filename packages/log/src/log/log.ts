import type { BlobStore } from '@colophon/store';
import type { Committer, Published } from '../append/committer.ts';
import type { Flusher } from '../append/flusher.ts';
import type { Mutex } from '../append/mutex.ts';
import type { PreparePool } from '../append/prepare-pool.ts';
import type { Sequencer } from '../append/sequencer.ts';
import type { Journal, TileStorage } from '../tiles/storage.ts';
import { logErrors } from '../errors.ts';
import { hashLeaf } from '../merkle/hash.ts';
import { consistencyRanges, inclusionRanges } from '../merkle/proof.ts';
import { verifyInclusion } from '../merkle/verify.ts';
import { encodeBundle, parseTilePath, tileWidthAt } from '../tiles/layout.ts';
import type { Entries } from '../tiles/entries.ts';
import type { Tree } from '../tiles/tree.ts';
import type { PreparedEntry, PrepareOptions } from '../types/prepared.ts';
import { parseVerifier } from '../types/verifier.ts';
import type { LogEntry } from './entry.ts';
import { entryId, parseEntryId } from './entry-id.ts';
import { checkTree, type FsckReport } from './fsck.ts';
import type { LogIdentity } from './identity.ts';
import type { IndexDatabase, IndexedEntry } from './index-database.ts';
import { refillIndex } from './recover.ts';

export interface LogParts {
  readonly identity: LogIdentity;
  readonly index: IndexDatabase;
  readonly tree: Tree;
  readonly entries: Entries;
  readonly storage: TileStorage;
  readonly journal: Journal;
  readonly committer: Committer;
  /** Held by every commit. */
  readonly mutex: Mutex;
  readonly sequencer: Sequencer;
  readonly flusher: Flusher;
  readonly pool: PreparePool;
  readonly blobs: BlobStore;
  readonly maxAttestation: number;
  readonly release: () => Promise<void>;
}

export interface Appended {
  /** Rekor's EntryID, 80 hexadecimal digits. */
  readonly uuid: string;
  readonly entry: LogEntry;
  /** The log had the entry before; nothing was added. */
  readonly existed: boolean;
}

export interface LogInfo {
  readonly rootHash: string;
  readonly treeSize: number;
  readonly signedTreeHead: string;
  /** Decimal. */
  readonly treeID: string;
  readonly inactiveShards: readonly never[];
}

export interface SearchQuery {
  /** A digest, with or without `sha256:` before it. */
  readonly hash?: string;
  /** PEM of a key or certificate. */
  readonly publicKey?: string;
  readonly email?: string;
  /** Any subject alternative name. */
  readonly subject?: string;
  readonly operator?: 'and' | 'or';
}

/** A transparency log of one tree, open for writing. All methods may be called concurrently. */
export class Log {
  readonly #parts: LogParts;
  #closing: Promise<void> | undefined;

  constructor(parts: LogParts) {
    this.#parts = parts;
  }

  get identity(): LogIdentity {
    return this.#parts.identity;
  }

  /** The tree head that was published last. */
  get head(): Published {
    return this.#parts.committer.published;
  }

  /**
   * Adds an entry {kind, apiVersion, spec}. When it resolves the entry is durable (journal and attestation synced,
   * index committed) and covered by the checkpoint in the reply. Idempotent: an equivalent entry is found, not added again. After a failure
   * the caller cannot know whether the entry was added, and may ask again. Throws LOG_ENTRY_*, LOG_SIGNER, LOG_BUSY, LOG_CLOSED.
   */
  append(proposed: unknown): Promise<Appended> {
    return this.appendJson(Buffer.from(JSON.stringify(proposed)));
  }

  /** `append` for JSON as it came over the wire, which only a worker parses. */
  async appendJson(json: Uint8Array): Promise<Appended> {
    const { pool, blobs, sequencer, maxAttestation } = this.#parts;
    const prepared = await pool.prepare(json, { purpose: 'insert', maxAttestation });
    if (prepared.attestation !== undefined) await blobs.put(prepared.attestation);
    const { index, leafHash, existed } = await sequencer.add(prepared);
    const row = existed ? await this.#parts.index.byIndex(index) : undefined;
    const entry = await this.#entry(row ?? (await this.#fresh(index, leafHash)), { attestation: false, body: prepared.body });
    return { uuid: entryId(this.identity.treeId, leafHash), entry, existed };
  }

  /** The canonical body of a proposed or logged entry, to look it up. Throws LOG_ENTRY_*. */
  canonicalize(json: Uint8Array): Promise<PreparedEntry> {
    const options: PrepareOptions = { purpose: 'find', maxAttestation: this.#parts.maxAttestation };
    return this.#parts.pool.prepare(json, options);
  }

  /** By index, or by EntryID or UUID. Throws LOG_NOT_FOUND, LOG_QUERY_INVALID, LOG_CORRUPT. */
  async get(which: number | string): Promise<{ uuid: string; entry: LogEntry }> {
    const { index } = this.#parts;
    const row = typeof which === 'number' ? await index.byIndex(which) : await this.#byId(which);
    if (row === undefined) throw logErrors.error('LOG_NOT_FOUND', `the log has no entry ${which}`);
    return { uuid: entryId(this.identity.treeId, row.leafHash), entry: await this.#entry(row, { attestation: true }) };
  }

  async #byId(id: string) {
    const leafHash = parseEntryId(this.identity.treeId, id);
    return leafHash === undefined ? undefined : this.#parts.index.byLeaf(leafHash);
  }

  /** EntryIDs in the order of the log; of more than 50,000 the newest. Throws LOG_QUERY_INVALID. */
  async search(query: SearchQuery): Promise<string[]> {
    const keys = searchKeys(query);
    if (keys.length === 0) throw logErrors.error('LOG_QUERY_INVALID', 'a search needs a hash, a public key, an email address or a subject');
    const leaves = await this.#parts.index.search(keys, query.operator ?? 'or');
    return leaves.map((leaf) => entryId(this.identity.treeId, leaf));
  }

  info(): LogInfo {
    const { size, rootHash, checkpoint } = this.head;
    return {
      rootHash: rootHash.toString('hex'),
      treeSize: size,
      signedTreeHead: checkpoint,
      treeID: String(this.identity.treeId),
      inactiveShards: [],
    };
  }

  /** Hashes from `first` to `last`, with the present root, as Rekor v1 answers. Throws LOG_SIZE_UNKNOWN. */
  async consistencyProof(first: number, last: number): Promise<{ rootHash: string; hashes: string[] }> {
    const { size, rootHash } = this.head;
    if (last > size) {
      throw logErrors.error('LOG_SIZE_UNKNOWN', `the tree size requested(${last}) was greater than what is currently observable(${size})`);
    }
    const hashes = await this.#parts.tree.hashes(consistencyRanges(first, last));
    return { rootHash: rootHash.toString('hex'), hashes: hashes.map((hash) => hash.toString('hex')) };
  }

  /** A tile or bundle of the published tree by its tlog-tiles path (`0/000`, `entries/000.p/7`); undefined if there is none. */
  async tile(path: string): Promise<Buffer | undefined> {
    const request = parseTilePath(path);
    if (request === undefined) return undefined;
    const { kind, level, n, width } = request;
    const available = tileWidthAt(level, n, this.head.size);
    if (width > available) return undefined;
    if (kind === 'tile') return (await this.#parts.tree.tile(level, n)).bytes(width);
    return encodeBundle((await this.#parts.entries.bodies(n, available)).slice(0, width));
  }

  /** Resolves when all that was acknowledged is in tiles and bundles too. */
  flush(): Promise<void> {
    return this.#parts.flusher.flush();
  }

  /** Reads and checks everything stored. Finds torn or changed tiles, bundles, records and index rows. */
  async fsck(): Promise<FsckReport> {
    await this.flush();
    return checkTree(this.#parts, this.head);
  }

  /** Makes the index again from the tree and its records. Commits wait; reads meanwhile may miss entries. */
  async rebuildIndex(): Promise<{ entries: number }> {
    await this.flush();
    return this.#parts.mutex.run(() => this.#rebuildIndex());
  }

  async #rebuildIndex(): Promise<{ entries: number }> {
    const { index, entries } = this.#parts;
    const { size, checkpoint } = this.head;
    await index.clear();
    await refillIndex(index, entries, 0, size);
    await index.publish([], { size, checkpoint });
    return { entries: size };
  }

  /** Finishes what runs, flushes, and lets go of the log. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { pool, sequencer, flusher, journal, release } = this.#parts;
    await pool.close();
    await sequencer.close();
    try {
      await flusher.flush();
    } finally {
      await journal.close();
      await release();
    }
  }

  async #fresh(index: number, leafHash: Buffer): Promise<Omit<IndexedEntry, 'keys'>> {
    const record = await this.#parts.entries.record(index);
    return { index, leafHash, integratedTime: record.integratedTime, signedEntryTimestamp: record.signedEntryTimestamp };
  }

  async #entry(row: Omit<IndexedEntry, 'keys'>, options: { attestation: boolean; body?: Buffer }): Promise<LogEntry> {
    const { tree, entries, identity } = this.#parts;
    const { size, rootHash, checkpoint } = this.head;
    const body = options.body ?? (await entries.body(row.index));
    const hashes = await tree.hashes(inclusionRanges(row.index, size));
    try {
      // What storage and index gave is served only if it leads to the root that was signed.
      verifyInclusion({ index: row.index, size, leafHash: hashLeaf(body), hashes }, rootHash);
    } catch (cause) {
      throw logErrors.error('LOG_CORRUPT', `entry ${row.index} is not in the signed tree as stored`, { cause });
    }
    const attestation = options.attestation ? await this.#attestation(body) : undefined;
    return {
      ...(attestation === undefined ? {} : { attestation: { data: attestation.toString('base64') } }),
      body: body.toString('base64'),
      integratedTime: row.integratedTime,
      logID: identity.logId,
      logIndex: row.index,
      verification: {
        inclusionProof: {
          checkpoint,
          hashes: hashes.map((hash) => hash.toString('hex')),
          logIndex: row.index,
          rootHash: rootHash.toString('hex'),
          treeSize: size,
        },
        signedEntryTimestamp: row.signedEntryTimestamp.toString('base64'),
      },
    };
  }

  async #attestation(body: Buffer): Promise<Buffer | undefined> {
    const { blobs, maxAttestation } = this.#parts;
    const { kind, spec } = JSON.parse(body.toString('utf8')) as { kind: string; spec: { content?: { payloadHash?: { value?: string } } } };
    const hash = kind === 'intoto' ? spec.content?.payloadHash?.value : undefined;
    if (hash === undefined || !/^[0-9a-f]{64}$/.test(hash)) return undefined;
    return (await blobs.stat(`sha256:${hash}`)) === undefined ? undefined : blobs.bytes(`sha256:${hash}`, maxAttestation);
  }
}

function searchKeys({ hash, publicKey, email, subject }: SearchQuery): string[] {
  const keys: string[] = [];
  if (hash !== undefined) keys.push(hashKey(hash));
  if (publicKey !== undefined) keys.push(parseVerifier(Buffer.from(publicKey)).keyHash);
  if (email !== undefined) keys.push(email.toLowerCase());
  if (subject !== undefined) keys.push(subject.toLowerCase());
  return keys;
}

function hashKey(hash: string): string {
  const text = hash.toLowerCase();
  if (!/^(?:(?:sha512:)?[0-9a-f]{128}|(?:sha384:)?[0-9a-f]{96}|(?:sha256:)?[0-9a-f]{64}|(?:sha1:)?[0-9a-f]{40})$/.test(text)) {
    throw logErrors.error('LOG_QUERY_INVALID', `not a hash: ${JSON.stringify(hash.slice(0, 160))}`);
  }
  if (text.includes(':')) return text;
  const names: Readonly<Record<number, string>> = { 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' };
  return `${names[text.length]}:${text}`;
}
