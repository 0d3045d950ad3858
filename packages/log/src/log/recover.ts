import { decodeBatch } from '../append/batch-record.ts';
import { Committer, type CommitterParts, type Published } from '../append/committer.ts';
import { logErrors } from '../errors.ts';
import { hashLeaf } from '../merkle/hash.ts';
import { parseCheckpoint } from '../note/checkpoint.ts';
import { verifyNote } from '../note/key.ts';
import type { Entries } from '../tiles/entries.ts';
import { tileWidth } from '../tiles/layout.ts';
import type { TileStorage } from '../tiles/storage.ts';
import type { Tree } from '../tiles/tree.ts';
import type { LogIdentity } from './identity.ts';
import type { Head, IndexDatabase, IndexedEntry } from './index-database.ts';

/** Reads a checkpoint of ours and checks origin and signature. Throws LOG_CORRUPT. */
export function ownCheckpoint(identity: LogIdentity, signed: string, where: string): Published {
  try {
    const { checkpoint, note } = parseCheckpoint(signed);
    verifyNote(note, identity.noteKey);
    if (checkpoint.origin !== identity.origin) throw logErrors.error('LOG_CORRUPT', `its origin is ${checkpoint.origin}`);
    return { size: checkpoint.size, rootHash: checkpoint.rootHash, checkpoint: signed };
  } catch (cause) {
    throw logErrors.error('LOG_CORRUPT', `the checkpoint in ${where} is not one of this log: ${(cause as Error).message}`, { cause });
  }
}

export async function storedCheckpoint(storage: TileStorage, identity: LogIdentity): Promise<Published | undefined> {
  const data = await storage.read('checkpoint');
  return data === undefined ? undefined : ownCheckpoint(identity, data.toString('utf8'), 'storage');
}

/**
 * Brings a log up after any end: checks the tail of the stored tree against its signed root, replays the journal, checks
 * the index against both, publishes what was sealed and not published. What was never sealed was never acknowledged, and is dropped.
 * Runs the same commit code as normal work. Throws LOG_CORRUPT and LOG_TAIL_LOST, having changed nothing.
 */
export async function recover(parts: CommitterParts & { storage: TileStorage }): Promise<{ committer: Committer; stored: number }> {
  const { storage, identity, tree, entries, journal, index } = parts;
  const stored = await storedCheckpoint(storage, identity);
  const base = stored?.size ?? 0;
  await tree.load(base);
  await entries.load(base);
  if (stored !== undefined) await checkTail(tree, entries, stored);
  const head = await index.open();
  const sealed = (await journal.recover()).flatMap(decodeBatch).filter((entry) => entry.index >= base);
  const reached = base + sealed.length;
  if (head !== undefined && head.size > reached) {
    throw logErrors.error('LOG_TAIL_LOST', `the index knows ${head.size} entries, the tree and its journal only ${reached}`);
  }
  if (stored !== undefined && (head === undefined || head.size < base)) {
    await refillIndex(index, entries, head?.size ?? 0, base);
    await index.publish([], stored);
  }
  const lastTime = base === 0 ? 0 : await timeOfLast(entries, base);
  const start: Published = stored ?? { size: 0, rootHash: await tree.root(0), checkpoint: '' };
  const known = head === undefined || head.size <= base ? [] : await index.range(base, head.size);
  const committer = new Committer(parts, start, lastTime);
  committer.adopt(sealed, known);
  const published = head === undefined || head.size <= base ? start : await checkHead(identity, tree, head);
  committer.published = published;
  if (committer.hasPending || published.checkpoint === '') await committer.publish();
  return { committer, stored: stored?.size ?? -1 };
}

async function checkTail(tree: Tree, entries: Entries, { size, rootHash }: Published): Promise<void> {
  const found = await tree.root(size);
  if (!found.equals(rootHash)) {
    throw logErrors.error('LOG_CORRUPT', `the tiles of size ${size} do not lead to the root that was signed`, {
      details: { expected: rootHash.toString('hex'), found: found.toString('hex') },
    });
  }
  if (size === 0) return;
  const last = Math.floor((size - 1) / tileWidth);
  for (let n = Math.max(0, last - 1); n <= last; n += 1) {
    await checkBundle(tree, entries, n, Math.min(tileWidth, size - n * tileWidth));
  }
}

/** The entries of a bundle are the leaves of the tile below which it stands. Throws LOG_CORRUPT. */
export async function checkBundle(tree: Tree, entries: Entries, n: number, width: number): Promise<void> {
  const bodies = await entries.bodies(n, width);
  const tile = await tree.tile(0, n);
  for (let at = 0; at < width; at += 1) {
    const body = bodies[at];
    const expected = tile.node(0, at);
    if (body === undefined || expected === undefined || !hashLeaf(body).equals(expected)) {
      throw logErrors.error('LOG_CORRUPT', `entry ${n * tileWidth + at} is not the one whose hash is in the tree`);
    }
  }
}

async function checkHead(identity: LogIdentity, tree: Tree, head: Head): Promise<Published> {
  const published = ownCheckpoint(identity, head.checkpoint, 'the index');
  if (published.size !== head.size || !(await tree.root(head.size)).equals(published.rootHash)) {
    throw logErrors.error('LOG_CORRUPT', `the journal does not lead to the root that was signed for size ${head.size}`);
  }
  return published;
}

async function timeOfLast(entries: Entries, size: number): Promise<number> {
  const n = Math.floor((size - 1) / tileWidth);
  const records = await entries.records(n, Math.min(tileWidth, size - n * tileWidth));
  return records.at(-1)?.integratedTime ?? 0;
}

/** Index rows for [start, end) from the stored tree. */
export async function refillIndex(index: IndexDatabase, entries: Entries, start: number, end: number): Promise<void> {
  for (let n = Math.floor(start / tileWidth); n * tileWidth < end; n += 1) {
    const width = Math.min(tileWidth, end - n * tileWidth);
    const [bodies, records] = [await entries.bodies(n, width), await entries.records(n, width)];
    const rows: IndexedEntry[] = records.slice(0, width).map((record, at) => ({
      ...record,
      index: n * tileWidth + at,
      leafHash: hashLeaf(bodies[at] as Buffer),
    }));
    await index.refill(rows.filter((row) => row.index >= start));
  }
}
