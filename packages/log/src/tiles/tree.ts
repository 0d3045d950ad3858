import { logErrors } from '../errors.ts';
import { rangeHash, subtreesOf, type NodeId, type Range } from '../merkle/proof.ts';
import { tileHeight, tilePath, tileWidth, tileWidthAt } from './layout.ts';
import { Lru } from './lru.ts';
import type { TileStorage } from './storage.ts';
import { Tile } from './tile.ts';

const coldTiles = 512;

export interface DirtyTile {
  readonly level: number;
  readonly n: number;
  readonly tile: Tile;
}

/**
 * The Merkle tree over tiles. The right edge and whatever is not yet stored are in memory; full tiles come from the
 * storage when needed and are not trusted: whoever uses hashes from here compares with a signed root. One writer;
 * readers may ask for any size up to the present one at any time, since hashes once there never change.
 */
export class Tree {
  readonly #storage: TileStorage;
  readonly #edge: { n: number; tile: Tile }[] = [];
  readonly #dirty = new Map<string, DirtyTile>();
  readonly #cold = new Lru<string, Tile>(coldTiles);
  #size = 0;

  constructor(storage: TileStorage) {
    this.#storage = storage;
  }

  get size(): number {
    return this.#size;
  }

  /** Loads the right edge of a stored tree. Throws LOG_CORRUPT if a tile is missing or has another width. */
  async load(size: number): Promise<void> {
    this.#edge.length = 0;
    for (let level = 0; size >= tileWidth ** level; level += 1) {
      const n = Math.floor(Math.floor(size / tileWidth ** level) / tileWidth);
      const width = tileWidthAt(level, n, size);
      this.#edge[level] = { n, tile: width === 0 ? new Tile() : await this.#read(level, n, width) };
    }
    this.#size = size;
  }

  append(leafHash: Buffer): void {
    this.#push(0, leafHash);
    this.#size += 1;
  }

  #push(level: number, hash: Buffer): void {
    const edge = (this.#edge[level] ??= { n: 0, tile: new Tile() });
    edge.tile.push(hash);
    this.#dirty.set(`${level}/${edge.n}`, { level, n: edge.n, tile: edge.tile });
    if (!edge.tile.full) return;
    this.#edge[level] = { n: edge.n + 1, tile: new Tile() };
    this.#push(level + 1, edge.tile.node(tileHeight, 0) as Buffer);
  }

  /** The tree hashes of runs of leaves, all below the present size. */
  async hashes(ranges: readonly Range[]): Promise<Buffer[]> {
    const tiles = new Map<string, Tile>();
    for (const { start, end } of ranges) {
      for (const node of subtreesOf(start, end)) {
        const { level, n } = place(node);
        const key = `${level}/${n}`;
        if (!tiles.has(key)) tiles.set(key, await this.tile(level, n));
      }
    }
    return ranges.map((range) =>
      rangeHash(range, (node) => {
        const { level, n, within, index } = place(node);
        const hash = tiles.get(`${level}/${n}`)?.node(within, index);
        if (hash === undefined) throw logErrors.error('LOG_CORRUPT', `tile ${level}/${n} lacks a hash that the tree must have`);
        return hash;
      }),
    );
  }

  async root(size: number): Promise<Buffer> {
    return (await this.hashes([{ start: 0, end: size }]))[0] as Buffer;
  }

  async tile(level: number, n: number): Promise<Tile> {
    const edge = this.#edge[level];
    if (edge?.n === n) return edge.tile;
    const key = `${level}/${n}`;
    const near = this.#dirty.get(key)?.tile ?? this.#cold.get(key);
    if (near !== undefined) return near;
    const tile = await this.#read(level, n, tileWidth);
    this.#cold.set(key, tile);
    return tile;
  }

  async #read(level: number, n: number, width: number): Promise<Tile> {
    const name = tilePath(level, n, width);
    const data = await this.#storage.read(name);
    if (data?.length !== width * 32) {
      throw logErrors.error(
        'LOG_CORRUPT',
        data === undefined ? `${name} is missing` : `${name} has ${data.length} bytes, not ${width * 32}`,
      );
    }
    return new Tile(data);
  }

  /** Tiles that hold hashes not yet stored. */
  dirty(): DirtyTile[] {
    return [...this.#dirty.values()];
  }

  /** Tiles were stored as they are at `size`; what has grown since stays dirty. */
  stored(tiles: readonly DirtyTile[], size: number): void {
    for (const { level, n, tile } of tiles) {
      if (tile.width !== tileWidthAt(level, n, size)) continue;
      this.#dirty.delete(`${level}/${n}`);
      if (tile.full) this.#cold.set(`${level}/${n}`, tile);
    }
  }
}

function place({ level, index }: NodeId): { level: number; n: number; within: number; index: number } {
  const within = level % tileHeight;
  const perTile = 2 ** (tileHeight - within);
  return { level: Math.floor(level / tileHeight), n: Math.floor(index / perTile), within, index: index % perTile };
}
