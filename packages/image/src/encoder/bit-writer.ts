/** Bits into bytes, lowest first (RFC 1951 section 3.1.1). The caller has made the buffer large enough. */
export class BitWriter {
  readonly bytes: Uint8Array;
  length = 0;
  private buffer = 0;
  private filled = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** At most 24 bits. */
  write(value: number, count: number): void {
    this.buffer |= value << this.filled;
    this.filled += count;
    while (this.filled >= 8) {
      this.bytes[this.length++] = this.buffer;
      this.buffer >>>= 8;
      this.filled -= 8;
    }
  }

  alignToByte(): void {
    if (this.filled > 0) this.write(0, 8 - this.filled);
  }

  get pendingBits(): number {
    return this.filled;
  }

  append(data: Uint8Array): void {
    this.bytes.set(data, this.length);
    this.length += data.length;
  }

  /**
   * The hot loop of encoding: each token by its codes. Tables by symbol: code and length, and for matches extra bits.
   */
  writeTokens(tokens: Uint32Array, count: number, tables: TokenTables): void {
    const { bytes } = this;
    const { literalCodes, literalLengths, distanceCodes, distanceLengths, lengthIndex, lengthBase, lengthExtra } = tables;
    const { distanceIndex, distanceBase, distanceExtra } = tables;
    let { length: at, buffer, filled } = this;
    for (let index = 0; index < count; index++) {
      const token = tokens[index] as number;
      if (token < 256) {
        buffer |= (literalCodes[token] as number) << filled;
        filled += literalLengths[token] as number;
      } else {
        const length = token >>> 16;
        const symbol = lengthIndex[length] as number;
        buffer |= (literalCodes[257 + symbol] as number) << filled;
        filled += literalLengths[257 + symbol] as number;
        for (; filled >= 8; filled -= 8, buffer >>>= 8) bytes[at++] = buffer;
        buffer |= (length - (lengthBase[symbol] as number)) << filled;
        filled += lengthExtra[symbol] as number;
        const distance = token & 0xffff;
        const far = distanceIndex(distance);
        buffer |= (distanceCodes[far] as number) << filled;
        filled += distanceLengths[far] as number;
        for (; filled >= 8; filled -= 8, buffer >>>= 8) bytes[at++] = buffer;
        buffer |= (distance - (distanceBase[far] as number)) << filled;
        filled += distanceExtra[far] as number;
      }
      for (; filled >= 8; filled -= 8, buffer >>>= 8) bytes[at++] = buffer;
    }
    this.length = at;
    this.buffer = buffer;
    this.filled = filled;
  }
}

export interface TokenTables {
  readonly literalCodes: Uint16Array;
  readonly literalLengths: Uint8Array;
  readonly distanceCodes: Uint16Array;
  readonly distanceLengths: Uint8Array;
  readonly lengthIndex: Uint8Array;
  readonly lengthBase: Uint16Array;
  readonly lengthExtra: Uint8Array;
  readonly distanceIndex: (distance: number) => number;
  readonly distanceBase: Uint16Array;
  readonly distanceExtra: Uint8Array;
}
