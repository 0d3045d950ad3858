import { BitWriter } from './bit-writer.ts';
import { writeBlock, writeStored } from './block.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';

/**
 * Bytes of input that are encoded by themselves, with only the 32 KiB before them as a dictionary. Part of the format:
 * segments could be encoded on any number of cores and joined, and the bytes would be the same.
 */
export const segmentSize = 1 << 20;

const empty = new Uint8Array(0);
/** Kept from call to call: it holds about 2 MB, and is primed anew for each segment. */
let tokenizer: Tokenizer | undefined;

/** How many segments an input has: at least one, so that an empty input is a stream too. */
export function segmentCount(length: number): number {
  return Math.max(1, Math.ceil(length / segmentSize));
}

/**
 * Segment `index` of one raw DEFLATE stream (RFC 1951); all of them, in order, are the stream. A pure function of the
 * input's bytes.
 */
export function deflateSegmentAt(data: Uint8Array, index: number): Uint8Array {
  const start = index * segmentSize;
  tokenizer ??= createTokenizer();
  return deflateSegment(tokenizer, data, start, Math.min(start + segmentSize, data.length));
}

function deflateSegment(tokenizer: Tokenizer, data: Uint8Array, start: number, end: number): Uint8Array {
  const last = end === data.length;
  // A block is never larger than stored ones: 5 bytes for each 65535 and for each block (at least 512 tokens).
  const out = new BitWriter(end - start + ((end - start) >> 6) + 256);
  tokenizer.prime(data, start, end);
  let position = start;
  do {
    const block = tokenizer.next(position);
    const final = last && block.position === end;
    const { tokens, literalFrequencies, distanceFrequencies } = tokenizer;
    const raw = data.subarray(position, block.position);
    writeBlock(out, { tokens, count: block.count, literalFrequencies, distanceFrequencies, raw, final });
    ({ position } = block);
  } while (position < end);
  if (last) out.alignToByte();
  else writeStored(out, empty, false);
  return out.bytes.slice(0, out.length);
}
