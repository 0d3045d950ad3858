// When to begin a new block: the statistics of recent tokens are compared with those of the block so far, as libdeflate
// does. Ten kinds of token are told apart: literals by their two highest and their lowest bit, matches short and long.

const kinds = 10;
export const checkInterval = 512;
const shortest = 10_000;

export interface Splitter {
  /** Counts of tokens by kind since the last check; the tokenizer increments them itself. */
  readonly fresh: Uint32Array;
  reset(): void;
  /** `length`: bytes of input that the block stands for so far. */
  shouldEnd(length: number): boolean;
}

export function createSplitter(): Splitter {
  const fresh = new Uint32Array(kinds);
  const settled = new Uint32Array(kinds);
  let count = 0;
  return {
    fresh,
    reset() {
      fresh.fill(0);
      settled.fill(0);
      count = 0;
    },
    shouldEnd(length) {
      let recent = 0;
      for (let kind = 0; kind < kinds; kind++) recent += fresh[kind] as number;
      if (count > 0) {
        let delta = 0;
        for (let kind = 0; kind < kinds; kind++) {
          delta += Math.abs((settled[kind] as number) * recent - (fresh[kind] as number) * count);
        }
        let cutoff = Math.floor((recent * 200) / 512) * count;
        if (length < shortest) cutoff += Math.floor((cutoff * (shortest - length)) / shortest);
        if (delta + (length >>> 12) * count >= cutoff) return true;
      }
      for (let kind = 0; kind < kinds; kind++) settled[kind] = (settled[kind] as number) + (fresh[kind] as number);
      fresh.fill(0);
      count += recent;
      return false;
    },
  };
}
