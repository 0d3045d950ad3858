import { debianErrors } from '../../errors.ts';
import type { Window } from './window.ts';

// Where each group of probabilities lies in the one array (LZMA SDK, "LZMA specification", lzma-specification.txt).
const isMatch = 0;
const isRep = isMatch + 12 * 16;
const isRepG0 = isRep + 12;
const isRepG1 = isRepG0 + 12;
const isRepG2 = isRepG1 + 12;
const isRep0Long = isRepG2 + 12;
const posSlot = isRep0Long + 12 * 16;
const posSpecial = posSlot + 4 * 64;
const align = posSpecial + 128;
const lengthCoder = align + 16;
const repLengthCoder = lengthCoder + 2 + 16 * 8 * 2 + 256;
const literals = repLengthCoder + 2 + 16 * 8 * 2 + 256;
const probabilityCount = literals + 0x300 * 16;
/** Within a length coder: two choices, low and middle trees for each position state, the high tree. */
const low = 2;
const middle = low + 16 * 8;
const high = middle + 16 * 8;

/**
 * The LZMA decoder for LZMA2 chunks, whose compressed bytes are all at hand (64 KiB at most). Corrupt data throw
 * DEBIAN_COMPRESSION_INVALID; nothing is read outside the chunk and the window.
 */
export class LzmaDecoder {
  readonly #probabilities = new Uint16Array(probabilityCount);
  #input: Uint8Array = new Uint8Array();
  #at = 0;
  #range = 0;
  #code = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  #literalContext = 0;
  #literalMask = 0;
  #positionMask = 0;

  /** `properties`: (pb * 5 + lp) * 9 + lc. LZMA2 allows lc + lp up to 4. */
  setProperties(properties: number): void {
    if (properties > (4 * 5 + 4) * 9 + 8) throw corrupt('properties out of range');
    const lc = properties % 9;
    const rest = (properties - lc) / 9;
    const lp = rest % 5;
    if (lc + lp > 4) throw corrupt('lc + lp is more than 4');
    this.#literalContext = lc;
    this.#literalMask = (1 << lp) - 1;
    this.#positionMask = (1 << ((rest - lp) / 5)) - 1;
    this.resetState();
  }

  resetState(): void {
    this.#probabilities.fill(1024);
    this.#state = this.#rep0 = this.#rep1 = this.#rep2 = this.#rep3 = 0;
  }

  /** Decodes one chunk: exactly `size` bytes into the window, from exactly the bytes of `input`. */
  decode(input: Uint8Array, window: Window, size: number): void {
    if (input.length < 5 || input[0] !== 0) throw corrupt('a chunk without its start');
    this.#input = input;
    this.#at = 5;
    this.#range = 0xffffffff;
    this.#code = new DataView(input.buffer, input.byteOffset, 5).getUint32(1);
    const end = window.position + size;
    this.#symbols(window, end);
    this.#normalize();
    if (this.#at !== input.length || this.#code !== 0) throw corrupt('a chunk that does not end where it says');
  }

  #symbols(window: Window, end: number): void {
    const probabilities = this.#probabilities;
    while (window.position < end) {
      const positionState = window.total & this.#positionMask;
      if (this.#bit(isMatch + (this.#state << 4) + positionState) === 0) {
        this.#literal(window, probabilities);
        continue;
      }
      const length = this.#bit(isRep + this.#state) === 0 ? this.#match(positionState) : this.#repetition(window, positionState);
      if (length === 0) continue;
      if (length > end - window.position) throw corrupt('a match beyond the end of its chunk');
      if (!window.copy(this.#rep0, length)) throw corrupt('a match before the beginning of the data');
    }
  }

  #literal(window: Window, probabilities: Uint16Array): void {
    const previous = window.back(0);
    const context = ((window.total & this.#literalMask) << this.#literalContext) + (previous >> (8 - this.#literalContext));
    const base = literals + 0x300 * context;
    let symbol = 1;
    let range = this.#range;
    let code = this.#code;
    let at = this.#at;
    const input = this.#input;
    let matched = this.#state >= 7 ? window.back(this.#rep0) : -1;
    // The loop of #bit, written out: half of the time goes here.
    while (symbol < 0x100) {
      let index = base + symbol;
      let matchBit = 0;
      if (matched >= 0) {
        matchBit = (matched >> 7) & 1;
        matched = (matched << 1) & 0xff;
        index = base + ((1 + matchBit) << 8) + symbol;
      }
      if (range < 0x1000000) {
        range = (range << 8) >>> 0;
        code = ((code << 8) | (input[at++] as number)) >>> 0;
      }
      const probability = probabilities[index] as number;
      const bound = (range >>> 11) * probability;
      if (code < bound) {
        range = bound;
        probabilities[index] = probability + ((2048 - probability) >> 5);
        symbol <<= 1;
        if (matchBit !== 0) matched = -1;
      } else {
        range -= bound;
        code -= bound;
        probabilities[index] = probability - (probability >> 5);
        symbol = (symbol << 1) | 1;
        if (matchBit === 0) matched = -1;
      }
    }
    this.#range = range;
    this.#code = code;
    this.#at = at;
    window.put(symbol & 0xff);
    const state = this.#state;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  #match(positionState: number): number {
    this.#rep3 = this.#rep2;
    this.#rep2 = this.#rep1;
    this.#rep1 = this.#rep0;
    this.#state = this.#state < 7 ? 7 : 10;
    const length = this.#length(lengthCoder, positionState);
    const slot = this.#tree(posSlot + (Math.min(length - 2, 3) << 6), 6);
    this.#rep0 = slot < 4 ? slot : this.#distance(slot);
    // LZMA2 has no end marker: 0xffffffff is a distance like any other, and too large.
    return length;
  }

  #distance(slot: number): number {
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + this.#reverse(posSpecial + base - slot, bits);
    return base + this.#direct(bits - 4) * 16 + this.#reverse(align, 4);
  }

  /** Gives 0 after a one-byte repetition, which is already written. */
  #repetition(window: Window, positionState: number): number {
    if (this.#bit(isRepG0 + this.#state) === 0) {
      if (this.#bit(isRep0Long + (this.#state << 4) + positionState) === 0) {
        this.#state = this.#state < 7 ? 9 : 11;
        if (!window.copy(this.#rep0, 1)) throw corrupt('a repetition before the beginning of the data');
        return 0;
      }
    } else {
      let distance: number;
      if (this.#bit(isRepG1 + this.#state) === 0) distance = this.#rep1;
      else {
        if (this.#bit(isRepG2 + this.#state) === 0) distance = this.#rep2;
        else {
          distance = this.#rep3;
          this.#rep3 = this.#rep2;
        }
        this.#rep2 = this.#rep1;
      }
      this.#rep1 = this.#rep0;
      this.#rep0 = distance;
    }
    this.#state = this.#state < 7 ? 8 : 11;
    return this.#length(repLengthCoder, positionState);
  }

  #length(coder: number, positionState: number): number {
    if (this.#bit(coder) === 0) return 2 + this.#tree(coder + low + (positionState << 3), 3);
    if (this.#bit(coder + 1) === 0) return 10 + this.#tree(coder + middle + (positionState << 3), 3);
    return 18 + this.#tree(coder + high, 8);
  }

  #normalize(): void {
    if (this.#range >= 0x1000000) return;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | (this.#input[this.#at++] as number)) >>> 0;
  }

  #bit(index: number): number {
    this.#normalize();
    const probability = this.#probabilities[index] as number;
    const bound = (this.#range >>> 11) * probability;
    if (this.#code < bound) {
      this.#range = bound;
      this.#probabilities[index] = probability + ((2048 - probability) >> 5);
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    this.#probabilities[index] = probability - (probability >> 5);
    return 1;
  }

  #tree(base: number, bits: number): number {
    let symbol = 1;
    for (let count = 0; count < bits; count++) symbol = (symbol << 1) | this.#bit(base + symbol);
    return symbol - (1 << bits);
  }

  #reverse(base: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let count = 0; count < bits; count++) {
      const bit = this.#bit(base + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << count;
    }
    return value;
  }

  #direct(bits: number): number {
    let value = 0;
    for (let count = 0; count < bits; count++) {
      this.#normalize();
      this.#range >>>= 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      value = value * 2 + bit;
    }
    return value;
  }
}

export function corrupt(why: string): Error {
  return debianErrors.error('DEBIAN_COMPRESSION_INVALID', `xz: ${why}`);
}
