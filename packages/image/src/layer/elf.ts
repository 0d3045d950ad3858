/** What ldconfig reads of a shared library. */
export interface LibraryFacts {
  readonly soname: string | null;
  /** Flags of the entry in ld.so.cache: kind and architecture (glibc, sysdeps/generic/ldconfig.h). */
  readonly flags: number;
}

const flagElfLibc6 = 0x0003;

/** e_machine and word size → required architecture flags. */
function architectureFlags(machine: number, is64: boolean, elfFlags: number): number | undefined {
  switch (machine) {
    case 3:
      return 0;
    case 62:
      return is64 ? 0x0300 : 0x0800;
    case 183:
      return 0x0a00;
    case 40:
      return (elfFlags & 0x400) === 0 ? ((elfFlags & 0x200) === 0 ? 0 : 0x0b00) : 0x0900;
    case 21:
      return 0x0500;
    case 22:
      return is64 ? 0x0400 : 0;
    case 243:
      return [0x0f00, 0x0f00, 0x1000, undefined][(elfFlags & 6) >> 1];
    default:
      return undefined;
  }
}

/**
 * Reads the soname of an ELF shared object (System V gABI, chapter 5, "Dynamic Section"). The file may be hostile:
 * whatever is not well formed, or is no shared object for a known architecture, gives undefined.
 */
export function readLibrary(bytes: Uint8Array): LibraryFacts | undefined {
  try {
    return parse(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function parse(view: DataView, bytes: Uint8Array): LibraryFacts | undefined {
  if (view.getUint32(0) !== 0x7f454c46) return undefined;
  const is64 = view.getUint8(4) === 2;
  const little = view.getUint8(5) === 1;
  const word = (at: number): number => (is64 ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  if (view.getUint16(16, little) !== 3) return undefined;
  const flags = architectureFlags(view.getUint16(18, little), is64, view.getUint32(is64 ? 48 : 36, little));
  if (flags === undefined) return undefined;
  const table = word(is64 ? 32 : 28);
  const entrySize = view.getUint16(is64 ? 54 : 42, little);
  const count = view.getUint16(is64 ? 56 : 44, little);
  const segments: Segment[] = [];
  for (let index = 0; index < count; index++) {
    const at = table + index * entrySize;
    segments.push({
      type: view.getUint32(at, little),
      offset: word(at + (is64 ? 8 : 4)),
      address: word(at + (is64 ? 16 : 8)),
      size: word(at + (is64 ? 32 : 16)),
    });
  }
  const dynamic = segments.find(({ type }) => type === 2);
  if (dynamic === undefined) return undefined;
  const step = is64 ? 16 : 8;
  let strings: number | undefined;
  let soname: number | undefined;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += step) {
    const tag = word(at);
    if (tag === 0) break;
    if (tag === 5) strings = word(at + step / 2);
    if (tag === 14) soname = word(at + step / 2);
  }
  if (soname === undefined || strings === undefined) return { soname: null, flags: flagElfLibc6 | flags };
  const home = segments.find(({ type, address, size }) => type === 1 && strings >= address && strings < address + size);
  const start = strings - (home?.address ?? 0) + (home?.offset ?? 0) + soname;
  const end = bytes.indexOf(0, start);
  if (start >= bytes.length || end < 0 || end - start > 255) return undefined;
  return { soname: Buffer.from(bytes.subarray(start, end)).toString('latin1'), flags: flagElfLibc6 | flags };
}
