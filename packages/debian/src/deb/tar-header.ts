import { debianErrors } from '../errors.ts';

export interface TarHeader {
  /** Name and prefix joined, as bytes: PAX and GNU long names come before it and replace it. */
  readonly name: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** One character: `0` file, `1` hard link, `2` symlink, `5` directory, … */
  readonly type: string;
  readonly link: Uint8Array;
  readonly major: number;
  readonly minor: number;
}

/**
 * Reads one 512-byte header: ustar (POSIX.1-1988), GNU ("ustar  ") or v7. The checksum is checked first. Numbers are
 * octal or GNU base-256; negative ones and ones beyond 2^53 are refused. Throws DEBIAN_TAR_INVALID.
 */
export function readTarHeader(block: Uint8Array, what: string): TarHeader {
  const invalid = (why: string) => debianErrors.error('DEBIAN_TAR_INVALID', `${what}: ${why}`);
  const number = (start: number, length: number, field: string) => {
    const value = readNumber(block.subarray(start, start + length));
    if (value === undefined) throw invalid(`the header’s ${field} is not a number`);
    return value;
  };
  let sum = 8 * 32;
  for (let index = 0; index < 512; index++) if (index < 148 || index >= 156) sum += block[index] as number;
  if (number(148, 8, 'checksum') !== sum) throw invalid('a header’s checksum is wrong');
  const magic = Buffer.from(block.subarray(257, 263)).toString('latin1');
  if (magic !== 'ustar\0' && magic !== 'ustar ' && magic !== '\0\0\0\0\0\0') throw invalid('a header has an unknown magic number');
  const name = untilZero(block.subarray(0, 100));
  const prefix = magic === 'ustar\0' ? untilZero(block.subarray(345, 500)) : new Uint8Array();
  const device = magic !== '\0\0\0\0\0\0';
  return {
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.of(0x2f), name]),
    mode: number(100, 8, 'mode') & 0o7777,
    uid: number(108, 8, 'uid'),
    gid: number(116, 8, 'gid'),
    size: number(124, 12, 'size'),
    mtime: number(136, 12, 'mtime'),
    type: String.fromCharCode(block[156] as number),
    link: untilZero(block.subarray(157, 257)),
    major: device ? number(329, 8, 'device number') : 0,
    minor: device ? number(337, 8, 'device number') : 0,
  };
}

function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** Octal text with spaces and zeros around it, or base-256 with the first bit set; an empty field is 0. */
function readNumber(bytes: Uint8Array): number | undefined {
  const first = bytes[0] as number;
  if ((first & 0x80) === 0) {
    const text = Buffer.from(bytes)
      .toString('latin1')
      .replace(/[\0 ]+$/, '')
      .replace(/^ +/, '');
    if (text === '') return 0;
    const value = /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  if (first !== 0x80) return undefined;
  let value = 0;
  for (const byte of bytes.subarray(1)) {
    value = value * 256 + byte;
    if (!Number.isSafeInteger(value)) return undefined;
  }
  return value;
}
