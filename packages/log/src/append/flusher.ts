import { tilePath, tileWidth, tileWidthAt, bundlePath, recordPath } from '../tiles/layout.ts';
import type { Entries } from '../tiles/entries.ts';
import type { Journal, TileStorage } from '../tiles/storage.ts';
import type { DirtyTile, Tree } from '../tiles/tree.ts';
import type { Committer } from './committer.ts';
import type { Mutex } from './mutex.ts';

/** Milliseconds that tiles may lag behind; many commits share one round of writes. Nobody waits for it. */
const delay = 100;
const parallel = 8;

export interface FlusherParts {
  readonly storage: TileStorage;
  readonly journal: Journal;
  readonly tree: Tree;
  readonly entries: Entries;
  readonly committer: Committer;
  /** Held by every commit. */
  readonly mutex: Mutex;
  readonly onError: (error: unknown) => void;
}

interface Cut {
  readonly size: number;
  readonly checkpoint: string;
  readonly tiles: readonly DirtyTile[];
  readonly bundles: ReturnType<Entries['dirty']>;
}

/**
 * Brings what the journal holds into tiles, bundles and records, behind the acknowledgements. The checkpoint in storage
 * comes last, so that storage always holds the whole tree of its checkpoint, and the journal the rest.
 */
export class Flusher {
  readonly #parts: FlusherParts;
  readonly #flushes: Mutex;
  #stored: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: FlusherParts, flushes: Mutex, stored: number) {
    this.#parts = parts;
    this.#flushes = flushes;
    this.#stored = stored;
  }

  /** Sees to it that a flush comes soon. */
  schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush().catch(this.#parts.onError);
    }, delay);
  }

  /** Resolves when everything published before the call is in storage. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#flushes.run(() => this.#flush());
  }

  async #flush(): Promise<void> {
    const { storage, journal, tree, entries, committer, mutex } = this.#parts;
    if (committer.published.size === this.#stored) return;
    await journal.prepareRoll();
    const cut = await mutex.run((): Cut | undefined => {
      if (committer.hasPending) return undefined;
      journal.roll();
      const { size, checkpoint } = committer.published;
      return { size, checkpoint, tiles: tree.dirty(), bundles: entries.dirty(size) };
    });
    if (cut === undefined) return;
    await this.#write(cut);
    await storage.write('checkpoint', Buffer.from(cut.checkpoint));
    tree.stored(cut.tiles, cut.size);
    entries.stored(cut.bundles);
    const before = this.#stored;
    this.#stored = cut.size;
    await journal.forget();
    for (const name of stalePartials(before, cut.size)) await storage.remove(name);
  }

  async #write({ size, tiles, bundles }: Cut): Promise<void> {
    const { storage } = this.#parts;
    const writes = tiles.flatMap(({ level, n, tile }) => {
      const width = tileWidthAt(level, n, size);
      return width === 0 ? [] : [{ name: tilePath(level, n, width), data: tile.bytes(width) }];
    });
    for (const { files } of bundles) writes.push(...files);
    for (let at = 0; at < writes.length; at += parallel) {
      await Promise.all(writes.slice(at, at + parallel).map(({ name, data }) => storage.write(name, data)));
    }
  }
}

/** Partial tiles of the size before that the new size does not use; tlog-tiles lets them go once wider ones are there. */
export function stalePartials(before: number, size: number): string[] {
  const names: string[] = [];
  for (let level = 0; before >= tileWidth ** level; level += 1) {
    const n = Math.floor(Math.floor(before / tileWidth ** level) / tileWidth);
    const width = tileWidthAt(level, n, before);
    if (width === 0 || width === tileWidthAt(level, n, size)) continue;
    names.push(tilePath(level, n, width));
    if (level === 0) names.push(bundlePath(n, width), recordPath(n, width));
  }
  return names;
}
