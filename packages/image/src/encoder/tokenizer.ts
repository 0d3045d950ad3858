import { checkInterval, createSplitter } from './block-split.ts';
import { distanceIndex, endOfBlock, lengthIndex, maximumMatch, windowSize } from './symbols.ts';

const hashBits = 16;
const windowMask = windowSize - 1;
const shortestMatch = 4;
const longestBlock = 300_000;
// A check comes after at most 512 tokens, or after the longest run of lazy steps beyond them.
const maximumTokens = longestBlock + checkInterval + maximumMatch;

/** How hard to look; part of the encoder's format, like everything in this folder. */
const searchDepth = 14;
const lazyDepth = 6;
const goodLength = 16;
const niceLength = 96;

export interface Tokenizer {
  /** Literals are their byte; matches are length << 16 | distance. */
  readonly tokens: Uint32Array;
  readonly literalFrequencies: Uint32Array;
  readonly distanceFrequencies: Uint32Array;
  /** Forgets all; what `data` holds from `start - 32768` on may then be referred to from `start` on. */
  prime(data: Uint8Array, start: number, end: number): void;
  /** Finds the next block: tokens for `data` from `start` to the position that it returns with their count; none lies beyond `end`. */
  next(start: number): { readonly position: number; readonly count: number };
}

/**
 * LZ77 by hash chains over four bytes, with one step of lazy evaluation. Holds about 2 MB; used for one segment after
 * another. Position arithmetic is in 32-bit integers: `data` is shorter than 2^31 bytes.
 */
export function createTokenizer(): Tokenizer {
  const head = new Int32Array(1 << hashBits);
  const previous = new Int32Array(windowSize);
  const tokens = new Uint32Array(maximumTokens);
  const literalFrequencies = new Uint32Array(288);
  const distanceFrequencies = new Uint32Array(32);
  const splitter = createSplitter();
  const { fresh } = splitter;
  let data: Uint8Array = new Uint8Array(0);
  let end = 0;
  /** All positions below this one are in the chains. */
  let inserted = 0;

  const hashAt = (position: number): number =>
    Math.imul(
      (data[position] as number) |
        ((data[position + 1] as number) << 8) |
        ((data[position + 2] as number) << 16) |
        ((data[position + 3] as number) << 24),
      0x9e3779b1,
    ) >>>
    (32 - hashBits);

  /** Puts positions up to `to` (not included) into the chains. The last three bytes have no hash. */
  const insertUpTo = (to: number): void => {
    const last = Math.min(to, end - shortestMatch + 1);
    for (let position = inserted; position < last; position++) {
      const hash = hashAt(position);
      previous[position & windowMask] = head[hash] as number;
      head[hash] = position;
    }
    inserted = to;
  };

  /** The longest match at `position` that is longer than `best`, as a token; 0 if there is none. Puts `position` into the chains. */
  const findMatch = (position: number, best: number, depth: number): number => {
    const hash = hashAt(position);
    let candidate = head[hash] as number;
    previous[position & windowMask] = candidate;
    head[hash] = position;
    inserted = position + 1;
    // At distance 32768 the chain would close on itself: the ring has overwritten that position. -1 ends a chain.
    const oldest = Math.max(position - windowSize, -1);
    const longest = Math.min(maximumMatch, end - position);
    if (longest <= best) return 0;
    const nice = Math.min(niceLength, longest);
    let found = 0;
    for (let left = depth; candidate > oldest && left > 0; left--) {
      if (data[candidate + best] === data[position + best] && data[candidate] === data[position]) {
        let length = 1;
        while (length < longest && data[candidate + length] === data[position + length]) length++;
        if (length > best) {
          best = length;
          found = (length << 16) | (position - candidate);
          if (length >= nice) break;
        }
      }
      candidate = previous[candidate & windowMask] as number;
    }
    return found;
  };

  return {
    tokens,
    literalFrequencies,
    distanceFrequencies,
    prime(bytes, start, stop) {
      data = bytes;
      end = stop;
      head.fill(-1);
      inserted = Math.max(0, start - windowSize);
      insertUpTo(start);
    },
    next(start) {
      literalFrequencies.fill(0);
      distanceFrequencies.fill(0);
      splitter.reset();
      const lastMatchable = end - shortestMatch;
      let position = start;
      let count = 0;
      let sinceCheck = 0;
      while (position < end) {
        let match = position <= lastMatchable ? findMatch(position, shortestMatch - 1, searchDepth) : 0;
        while (match !== 0) {
          const length = match >>> 16;
          if (length >= niceLength || position >= lastMatchable) break;
          const better = findMatch(position + 1, length, length >= goodLength ? lazyDepth >> 1 : lazyDepth);
          if (better === 0) break;
          const literal = data[position++] as number;
          literalFrequencies[literal] = (literalFrequencies[literal] as number) + 1;
          const kind = ((literal >> 5) & 6) | (literal & 1);
          fresh[kind] = (fresh[kind] as number) + 1;
          tokens[count++] = literal;
          sinceCheck++;
          match = better;
        }
        if (match === 0) {
          const literal = data[position++] as number;
          literalFrequencies[literal] = (literalFrequencies[literal] as number) + 1;
          const kind = ((literal >> 5) & 6) | (literal & 1);
          fresh[kind] = (fresh[kind] as number) + 1;
          tokens[count++] = literal;
        } else {
          const length = match >>> 16;
          const symbol = 257 + (lengthIndex[length] as number);
          literalFrequencies[symbol] = (literalFrequencies[symbol] as number) + 1;
          const distance = distanceIndex(match & 0xffff);
          distanceFrequencies[distance] = (distanceFrequencies[distance] as number) + 1;
          const kind = length >= 9 ? 9 : 8;
          fresh[kind] = (fresh[kind] as number) + 1;
          tokens[count++] = match;
          position += length;
          insertUpTo(position);
        }
        if (++sinceCheck >= checkInterval) {
          sinceCheck = 0;
          if (position - start >= longestBlock || splitter.shouldEnd(position - start)) break;
        }
      }
      literalFrequencies[endOfBlock] = 1;
      return { position, count };
    },
  };
}
