import { hashNode } from '../merkle/hash.ts';
import { tileHeight, tileWidth } from './layout.ts';

/**
 * One tile: up to 256 hashes and the complete subtrees above them, computed when first asked for. Hashes are only
 * ever added, so a subtree once computed stays right.
 */
export class Tile {
  readonly #levels: (Buffer | undefined)[][] = Array.from({ length: tileHeight + 1 }, () => []);

  constructor(data: Buffer = Buffer.alloc(0)) {
    for (let offset = 0; offset + 32 <= data.length; offset += 32) this.push(data.subarray(offset, offset + 32));
  }

  get width(): number {
    return (this.#levels[0] as Buffer[]).length;
  }

  get full(): boolean {
    return this.width === tileWidth;
  }

  push(hash: Buffer): void {
    (this.#levels[0] as Buffer[]).push(hash);
  }

  /** The complete subtree `index` at `level` (0 to 8) within this tile; undefined if the tile does not hold all of it. */
  node(level: number, index: number): Buffer | undefined {
    if ((index + 1) * 2 ** level > this.width) return undefined;
    const known = this.#levels[level]?.[index];
    if (known !== undefined) return known;
    const left = this.node(level - 1, index * 2);
    const right = this.node(level - 1, index * 2 + 1);
    if (left === undefined || right === undefined) return undefined;
    const hash = hashNode(left, right);
    (this.#levels[level] as Buffer[])[index] = hash;
    return hash;
  }

  /** The first `width` hashes, as stored. */
  bytes(width = this.width): Buffer {
    return Buffer.concat((this.#levels[0] as Buffer[]).slice(0, width));
  }
}
