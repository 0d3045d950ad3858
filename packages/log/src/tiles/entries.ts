import { parseJson } from '@colophon/core';
import { logErrors } from '../errors.ts';
import { bundlePath, encodeBundle, parseEntryBundle, recordPath, tileWidth } from './layout.ts';
import { Lru } from './lru.ts';
import type { TileStorage } from './storage.ts';

const coldBundles = 64;

/** What Rekor v1 knows of an entry beside its body. Not in the tree; the SET's signature vouches for time and index. */
export interface EntryRecord {
  /** Seconds since 1970. */
  readonly integratedTime: number;
  readonly signedEntryTimestamp: Buffer;
  readonly keys: readonly string[];
}

interface Bundle {
  readonly n: number;
  readonly bodies: Buffer[];
  readonly records: EntryRecord[];
}

/**
 * Bodies and records of entries, 256 to a bundle, as Tree keeps hashes: the right edge and what is not stored in
 * memory, the rest read when needed and checked by whoever asks.
 */
export class Entries {
  readonly #storage: TileStorage;
  readonly #dirty = new Map<number, Bundle>();
  readonly #cold = new Lru<number, Buffer[]>(coldBundles);
  #edge: Bundle = { n: 0, bodies: [], records: [] };

  constructor(storage: TileStorage) {
    this.#storage = storage;
  }

  get size(): number {
    return this.#edge.n * tileWidth + this.#edge.bodies.length;
  }

  async load(size: number): Promise<void> {
    const n = Math.floor(size / tileWidth);
    const width = size % tileWidth;
    this.#edge = { n, bodies: [], records: [] };
    if (width === 0) return;
    this.#edge = { n, bodies: await this.readBodies(n, width), records: await this.readRecords(n, width) };
  }

  append(body: Buffer, record: EntryRecord): void {
    const edge = this.#edge;
    edge.bodies.push(body);
    edge.records.push(record);
    this.#dirty.set(edge.n, edge);
    if (edge.bodies.length === tileWidth) this.#edge = { n: edge.n + 1, bodies: [], records: [] };
  }

  /** Bodies of a bundle, at least `width` of them. */
  async bodies(n: number, width: number): Promise<readonly Buffer[]> {
    if (this.#edge.n === n) return this.#edge.bodies;
    const near = this.#dirty.get(n)?.bodies ?? this.#cold.get(n);
    if (near !== undefined) return near;
    const bodies = await this.readBodies(n, Math.max(width, tileWidth));
    this.#cold.set(n, bodies);
    return bodies;
  }

  /** Records of a bundle, at least `width` of them. */
  async records(n: number, width: number): Promise<readonly EntryRecord[]> {
    if (this.#edge.n === n) return this.#edge.records;
    return this.#dirty.get(n)?.records ?? (await this.readRecords(n, Math.max(width, tileWidth)));
  }

  async body(index: number): Promise<Buffer> {
    const n = Math.floor(index / tileWidth);
    const at = index % tileWidth;
    const body = (await this.bodies(n, tileWidth))[at];
    if (body === undefined) throw logErrors.error('LOG_CORRUPT', `entry ${index} is missing from its bundle`);
    return body;
  }

  async record(index: number): Promise<EntryRecord> {
    const record = (await this.records(Math.floor(index / tileWidth), tileWidth))[index % tileWidth];
    if (record === undefined) throw logErrors.error('LOG_CORRUPT', `the record of entry ${index} is missing`);
    return record;
  }

  async readBodies(n: number, width: number): Promise<Buffer[]> {
    const name = bundlePath(n, width);
    const data = await this.#storage.read(name);
    if (data === undefined) throw logErrors.error('LOG_CORRUPT', `${name} is missing`);
    const bodies = parseEntryBundle(data);
    if (bodies.length !== width) throw logErrors.error('LOG_CORRUPT', `${name} has ${bodies.length} entries, not ${width}`);
    return bodies;
  }

  async readRecords(n: number, width: number): Promise<EntryRecord[]> {
    const name = recordPath(n, width);
    const data = await this.#storage.read(name);
    if (data === undefined) throw logErrors.error('LOG_CORRUPT', `${name} is missing`);
    const lines = data.toString('utf8').split('\n').slice(0, -1);
    if (lines.length !== width) throw logErrors.error('LOG_CORRUPT', `${name} has ${lines.length} records, not ${width}`);
    try {
      return lines.map(decodeRecord);
    } catch (cause) {
      throw logErrors.error('LOG_CORRUPT', `${name} cannot be read`, { cause });
    }
  }

  /** Files to write for a tree of `size`, of what is not stored yet. */
  dirty(size: number): { n: number; width: number; files: { name: string; data: Buffer }[] }[] {
    return [...this.#dirty.values()].map(({ n, bodies, records }) => {
      const width = Math.min(tileWidth, size - n * tileWidth);
      return {
        n,
        width,
        files: [
          { name: bundlePath(n, width), data: encodeBundle(bodies.slice(0, width)) },
          { name: recordPath(n, width), data: Buffer.from(records.slice(0, width).map(encodeRecord).join('')) },
        ],
      };
    });
  }

  stored(bundles: readonly { n: number; width: number }[]): void {
    for (const { n, width } of bundles) {
      const bundle = this.#dirty.get(n);
      if (bundle === undefined || bundle.bodies.length !== width) continue;
      this.#dirty.delete(n);
      if (width === tileWidth) this.#cold.set(n, bundle.bodies);
    }
  }
}

function encodeRecord({ integratedTime, signedEntryTimestamp, keys }: EntryRecord): string {
  return `${JSON.stringify({ time: integratedTime, set: signedEntryTimestamp.toString('base64'), keys })}\n`;
}

function decodeRecord(line: string): EntryRecord {
  const { time, set, keys } = parseJson(line, 'a record') as { time: number; set: string; keys: string[] };
  if (!Number.isSafeInteger(time) || typeof set !== 'string' || !Array.isArray(keys)) throw new TypeError('a record lacks a member');
  return { integratedTime: time, signedEntryTimestamp: Buffer.from(set, 'base64'), keys };
}
