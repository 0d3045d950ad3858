import { createPublicKey, verify } from 'node:crypto';
import { tileHeight, tilePath, tileWidth, tileWidthAt } from '../tiles/layout.ts';
import { rootHash as rootOfTree } from '../merkle/proof.ts';
import { Tile } from '../tiles/tile.ts';
import type { Published } from '../append/committer.ts';
import type { Entries } from '../tiles/entries.ts';
import type { TileStorage } from '../tiles/storage.ts';
import { hashLeaf } from '../merkle/hash.ts';
import { timestampBytes } from './entry.ts';
import type { LogIdentity } from './identity.ts';
import type { IndexDatabase } from './index-database.ts';
import { ownCheckpoint } from './recover.ts';

export interface FsckReport {
  readonly size: number;
  /** What is wrong, each with the file or entry that it is about; none means that everything was read and is right. */
  readonly problems: readonly { readonly where: string; readonly what: string }[];
}

export interface FsckParts {
  readonly storage: TileStorage;
  readonly identity: LogIdentity;
  readonly entries: Entries;
  readonly index: IndexDatabase;
}

/** Reads every file of the tree from storage, past all caches, and holds it against the bodies and the signed root. */
export async function checkTree({ storage, identity, entries, index }: FsckParts, { size, rootHash }: Published): Promise<FsckReport> {
  const problems: { where: string; what: string }[] = [];
  const attempt = async (where: string, check: () => Promise<void> | void) => {
    try {
      await check();
    } catch (error) {
      problems.push({ where, what: (error as Error).message });
    }
  };
  const key = createPublicKey(identity.publicKeyPem);
  /** Tiles as they must be, by level: rebuilt from the bodies. */
  const levels: Tile[][] = [[]];
  for (let n = 0; n * tileWidth < size; n += 1) {
    const width = tileWidthAt(0, n, size);
    const tile = new Tile();
    (levels[0] as Tile[]).push(tile);
    await attempt(`bundle ${n}`, async () => {
      const bodies = await entries.readBodies(n, width);
      for (const body of bodies) tile.push(hashLeaf(body));
      await attempt(`record ${n}`, async () => {
        const records = await entries.readRecords(n, width);
        const rows = await index.range(n * tileWidth, n * tileWidth + width);
        for (const [at, record] of records.entries()) {
          const where = n * tileWidth + at;
          const bytes = timestampBytes({
            body: (bodies[at] as Buffer).toString('base64'),
            integratedTime: record.integratedTime,
            logID: identity.logId,
            logIndex: where,
          });
          if (!verify('sha256', bytes, key, record.signedEntryTimestamp))
            throw new Error(`the timestamp of entry ${where} does not verify`);
          const row = rows[at];
          const same =
            row?.index === where && row.integratedTime === record.integratedTime && row.leafHash.equals(hashLeaf(bodies[at] as Buffer));
          if (!same) throw new Error(`the index differs about entry ${where}`);
        }
      });
    });
  }
  for (let level = 0; levels[level] !== undefined; level += 1) {
    const tiles = levels[level] as Tile[];
    for (const [n, tile] of tiles.entries()) {
      const name = tilePath(level, n, tileWidthAt(level, n, size));
      await attempt(name, async () => {
        const data = await storage.read(name);
        if (data === undefined) throw new Error('missing');
        if (!data.equals(tile.bytes())) throw new Error('does not hold the hashes that follow from the entries');
      });
    }
    const above = tiles.flatMap((tile) => tile.node(tileHeight, 0) ?? []);
    if (above.length > 0) {
      const parents: Tile[] = [];
      for (let at = 0; at < above.length; at += tileWidth) parents.push(new Tile(Buffer.concat(above.slice(at, at + tileWidth))));
      levels.push(parents);
    }
  }
  await attempt('checkpoint', async () => {
    const data = await storage.read('checkpoint');
    if (data === undefined) throw new Error('missing');
    const stored = ownCheckpoint(identity, data.toString('utf8'), 'storage');
    if (stored.size !== size || !stored.rootHash.equals(rootHash)) throw new Error('is not of the published size and root');
    if (!rootOf(levels, size)?.equals(rootHash)) throw new Error('the entries do not lead to its root');
  });
  return { size, problems };
}

function rootOf(levels: readonly (readonly Tile[])[], size: number): Buffer | undefined {
  try {
    return rootOfTree(size, ({ level, index }) => {
      const within = level % tileHeight;
      const perTile = 2 ** (tileHeight - within);
      const hash = levels[Math.floor(level / tileHeight)]?.[Math.floor(index / perTile)]?.node(within, index % perTile);
      if (hash === undefined) throw new Error('a hash is missing');
      return hash;
    });
  } catch {
    return undefined;
  }
}
