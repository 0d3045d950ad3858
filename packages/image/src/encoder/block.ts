import type { BitWriter } from './bit-writer.ts';
import { canonicalCodes, codeLengths } from './huffman.ts';
import { codeLengthOrder, distanceBase, distanceExtra, distanceIndex, lengthBase, lengthExtra, lengthIndex } from './symbols.ts';
import { endOfBlock } from './symbols.ts';

const fixedLiteralLengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
const fixedDistanceLengths = new Uint8Array(32).fill(5);

export interface Block {
  readonly tokens: Uint32Array;
  readonly count: number;
  readonly literalFrequencies: Uint32Array;
  readonly distanceFrequencies: Uint32Array;
  /** The input that the tokens stand for. */
  readonly raw: Uint8Array;
  readonly final: boolean;
}

/** Bits of stored blocks for `size` bytes, the worst alignment assumed, so that the choice does not depend on it. */
function storedCost(size: number): number {
  return size * 8 + Math.max(1, Math.ceil(size / 65535)) * 42;
}

/** Writes a block in whichever of the three forms is smallest; at equal size stored before fixed before dynamic. */
export function writeBlock(out: BitWriter, block: Block): void {
  const literalLengths = new Uint8Array(288);
  const distanceLengths = new Uint8Array(32);
  codeLengths(block.literalFrequencies, 286, 15, literalLengths);
  codeLengths(block.distanceFrequencies, 30, 15, distanceLengths);
  const header = describeLengths(literalLengths, distanceLengths);
  const dynamicCost = header.cost + bodyCost(block, literalLengths, distanceLengths);
  const fixedCost = 3 + bodyCost(block, fixedLiteralLengths, fixedDistanceLengths);
  const stored = storedCost(block.raw.length);
  if (stored <= fixedCost && stored <= dynamicCost) return writeStored(out, block.raw, block.final);
  if (fixedCost <= dynamicCost) {
    out.write(block.final ? 3 : 2, 3);
    return writeBody(out, block, fixedLiteralLengths, fixedDistanceLengths);
  }
  out.write(block.final ? 5 : 4, 3);
  header.write(out);
  writeBody(out, block, literalLengths, distanceLengths);
}

/** Also says an empty, not final block, which aligns the stream to a byte (zlib's "sync flush"). */
export function writeStored(out: BitWriter, raw: Uint8Array, final: boolean): void {
  let at = 0;
  do {
    const size = Math.min(65535, raw.length - at);
    out.write(final && at + size === raw.length ? 1 : 0, 3);
    out.alignToByte();
    out.write(size, 16);
    out.write(size ^ 0xffff, 16);
    out.append(raw.subarray(at, at + size));
    at += size;
  } while (at < raw.length);
}

function bodyCost(block: Block, literalLengths: Uint8Array, distanceLengths: Uint8Array): number {
  let bits = 0;
  for (let symbol = 0; symbol < 286; symbol++) {
    const extra = symbol > endOfBlock ? (lengthExtra[symbol - 257] as number) : 0;
    bits += (block.literalFrequencies[symbol] as number) * ((literalLengths[symbol] as number) + extra);
  }
  for (let symbol = 0; symbol < 30; symbol++) {
    bits += (block.distanceFrequencies[symbol] as number) * ((distanceLengths[symbol] as number) + (distanceExtra[symbol] as number));
  }
  return bits;
}

function writeBody(out: BitWriter, block: Block, literalLengths: Uint8Array, distanceLengths: Uint8Array): void {
  const literalCodes = new Uint16Array(288);
  const distanceCodes = new Uint16Array(32);
  canonicalCodes(literalLengths, 288, literalCodes);
  canonicalCodes(distanceLengths, 32, distanceCodes);
  const lengths = { lengthIndex, lengthBase, lengthExtra, distanceIndex, distanceBase, distanceExtra };
  out.writeTokens(block.tokens, block.count, { literalCodes, literalLengths, distanceCodes, distanceLengths, ...lengths });
  out.write(literalCodes[endOfBlock] as number, literalLengths[endOfBlock] as number);
}

/** The header of a dynamic block (section 3.2.7) after its three type bits: code lengths, run-length coded, Huffman coded. */
function describeLengths(literalLengths: Uint8Array, distanceLengths: Uint8Array): { cost: number; write(out: BitWriter): void } {
  let literals = 286;
  while (literals > 257 && literalLengths[literals - 1] === 0) literals--;
  let distances = 30;
  while (distances > 1 && distanceLengths[distances - 1] === 0) distances--;
  const all = new Uint8Array(literals + distances);
  all.set(literalLengths.subarray(0, literals));
  all.set(distanceLengths.subarray(0, distances), literals);
  const runs = runLengths(all);
  const frequencies = new Uint32Array(19);
  for (const { symbol } of runs) frequencies[symbol] = (frequencies[symbol] as number) + 1;
  const lengths = new Uint8Array(19);
  codeLengths(frequencies, 19, 7, lengths);
  let sent = 19;
  while (sent > 4 && lengths[codeLengthOrder[sent - 1] as number] === 0) sent--;
  let cost = 3 + 14 + sent * 3;
  for (const { symbol, bits } of runs) cost += (lengths[symbol] as number) + bits;
  return {
    cost,
    write(out) {
      const codes = new Uint16Array(19);
      canonicalCodes(lengths, 19, codes);
      out.write(literals - 257, 5);
      out.write(distances - 1, 5);
      out.write(sent - 4, 4);
      for (let index = 0; index < sent; index++) out.write(lengths[codeLengthOrder[index] as number] as number, 3);
      for (const { symbol, bits, extra } of runs) {
        out.write(codes[symbol] as number, lengths[symbol] as number);
        out.write(extra, bits);
      }
    },
  };
}

function runLengths(lengths: Uint8Array): { symbol: number; bits: number; extra: number }[] {
  const runs: { symbol: number; bits: number; extra: number }[] = [];
  for (let at = 0; at < lengths.length;) {
    const length = lengths[at] as number;
    let end = at + 1;
    while (end < lengths.length && lengths[end] === length) end++;
    let run = end - at;
    at = end;
    if (length === 0) {
      for (; run >= 11; run -= Math.min(run, 138)) runs.push({ symbol: 18, bits: 7, extra: Math.min(run, 138) - 11 });
      if (run >= 3) runs.push({ symbol: 17, bits: 3, extra: run - 3 });
      else for (; run > 0; run--) runs.push({ symbol: 0, bits: 0, extra: 0 });
      continue;
    }
    runs.push({ symbol: length, bits: 0, extra: 0 });
    for (run--; run >= 3; run -= Math.min(run, 6)) runs.push({ symbol: 16, bits: 2, extra: Math.min(run, 6) - 3 });
    for (; run > 0; run--) runs.push({ symbol: length, bits: 0, extra: 0 });
  }
  return runs;
}
