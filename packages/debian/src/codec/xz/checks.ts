import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A block's integrity check (the .xz file format 1.2.1, 2.1.1.2), as the bytes that the block carries. */
export interface Check {
  readonly size: number;
  update(data: Uint8Array): void;
  digest(): Uint8Array;
}

/** Undefined for a kind that is reserved: such a file is refused, since it could not be checked. */
export function createCheck(kind: number): Check | undefined {
  switch (kind) {
    case 0:
      return { size: 0, update() {}, digest: () => new Uint8Array() };
    case 1:
      return crc32Check();
    case 4:
      return crc64Check();
    case 10: {
      const hash = createHash('sha256');
      return { size: 32, update: (data) => void hash.update(data), digest: () => hash.digest() };
    }
    default:
      return undefined;
  }
}

function crc32Check(): Check {
  let value = 0;
  return {
    size: 4,
    update: (data) => void (value = crc32(data, value)),
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    },
  };
}

// ECMA-182, reflected, as two halves of 32 bits: four tables, so that four bytes are taken at once.
const [lowTables, highTables] = crc64Tables();

function crc64Tables(): [Uint32Array, Uint32Array] {
  const low = new Uint32Array(4 * 256);
  const high = new Uint32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0xc96c5795d7870f42n : value >> 1n;
    low[byte] = Number(value & 0xffffffffn);
    high[byte] = Number(value >> 32n);
  }
  for (let index = 256; index < 1024; index++) {
    const before = index - 256;
    const byte = (low[before] as number) & 0xff;
    low[index] = (((low[before] as number) >>> 8) | ((high[before] as number) << 24)) ^ (low[byte] as number);
    high[index] = ((high[before] as number) >>> 8) ^ (high[byte] as number);
  }
  return [low, high];
}

function crc64Check(): Check {
  let low = 0xffffffff | 0;
  let high = 0xffffffff | 0;
  return {
    size: 8,
    update(data) {
      const { length } = data;
      let at = 0;
      for (; at + 4 <= length; at += 4) {
        const word =
          low ^
          ((data[at] as number) | ((data[at + 1] as number) << 8) | ((data[at + 2] as number) << 16) | ((data[at + 3] as number) << 24));
        const [first, second, third, fourth] = [
          768 + (word & 0xff),
          512 + ((word >>> 8) & 0xff),
          256 + ((word >>> 16) & 0xff),
          word >>> 24,
        ];
        low =
          high ^
          (lowTables[first] as number) ^
          (lowTables[second] as number) ^
          (lowTables[third] as number) ^
          (lowTables[fourth] as number);
        high =
          (highTables[first] as number) ^ (highTables[second] as number) ^ (highTables[third] as number) ^ (highTables[fourth] as number);
      }
      for (; at < length; at++) {
        const index = (low ^ (data[at] as number)) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (lowTables[index] as number);
        high = (high >>> 8) ^ (highTables[index] as number);
      }
    },
    digest: () => {
      const bytes = Buffer.alloc(8);
      bytes.writeInt32LE(~low, 0);
      bytes.writeInt32LE(~high, 4);
      return bytes;
    },
  };
}
