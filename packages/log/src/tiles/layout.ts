import { logErrors } from '../errors.ts';

/** C2SP tlog-tiles: tiles are eight levels high, 256 hashes wide. */
export const tileHeight = 8;
export const tileWidth = 256;

/** N as tlog-tiles writes it: groups of three digits, all but the last behind an `x`. */
export function tileNumber(n: number): string {
  let path = String(n % 1000).padStart(3, '0');
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return path;
}

/** `width` 256 is the full tile or bundle; less is the partial one. */
function withWidth(path: string, width: number): string {
  return width === tileWidth ? path : `${path}.p/${width}`;
}

export function tilePath(level: number, n: number, width: number): string {
  return withWidth(`tile/${level}/${tileNumber(n)}`, width);
}

export function bundlePath(n: number, width: number): string {
  return withWidth(`tile/entries/${tileNumber(n)}`, width);
}

/** Our own: what Rekor v1 knows of an entry beside its body (time, SET, search keys), a file for each bundle. */
export function recordPath(n: number, width: number): string {
  return withWidth(`record/${tileNumber(n)}`, width);
}

export interface TileRequest {
  readonly kind: 'tile' | 'entries';
  readonly level: number;
  readonly n: number;
  readonly width: number;
}

/** Reads `L/N[.p/W]` or `entries/N[.p/W]`; undefined for anything that is not written exactly so. */
export function parseTilePath(path: string): TileRequest | undefined {
  const match = /^(entries|0|[1-9]|[1-5][0-9]|6[0-3])\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  if (match === null) return undefined;
  const [, first, number, partial] = match as unknown as [string, string, string, string | undefined];
  const n = Number(number.replaceAll(/[x/]/g, ''));
  const width = partial === undefined ? tileWidth : Number(partial);
  if (!Number.isSafeInteger(n) || tileNumber(n) !== number || (partial !== undefined && width > 255)) return undefined;
  return first === 'entries' ? { kind: 'entries', level: 0, n, width } : { kind: 'tile', level: Number(first), n, width };
}

/** How many hashes tile `n` of `level` holds in a tree of `size`. */
export function tileWidthAt(level: number, n: number, size: number): number {
  const hashes = Math.floor(size / tileWidth ** level);
  return Math.max(0, Math.min(tileWidth, hashes - n * tileWidth));
}

/** Entry bundle of tlog-tiles: each entry behind its length, 16 bits, big-endian. */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** Throws LOG_CORRUPT unless the bytes are exactly entries one after another. */
export function parseEntryBundle(data: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  let offset = 0;
  while (offset < data.length) {
    const length = offset + 2 <= data.length ? data.readUInt16BE(offset) : Infinity;
    const end = offset + 2 + length;
    if (end > data.length) throw logErrors.error('LOG_CORRUPT', 'an entry bundle ends within an entry');
    entries.push(data.subarray(offset + 2, end));
    offset = end;
  }
  return entries;
}

/** The largest entry that a bundle can hold. */
export const maxEntry = 0xffff;
