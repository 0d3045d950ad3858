/**
 * A small assembler for classic BPF (linux/filter.h), as seccomp(2) takes it: instructions over a `struct seccomp_data`,
 * jumps forward to labels.
 */
export type Line =
  | { readonly load: number }
  | { readonly test: 'equal' | 'atLeast' | 'anyBit'; readonly value: number; readonly hit?: string; readonly miss?: string }
  | { readonly answer: number }
  | { readonly label: string };

const codes = { load: 0x20, equal: 0x15, atLeast: 0x35, anyBit: 0x45, answer: 0x06 } as const;

/** Offsets in `struct seccomp_data` (seccomp(2)), little endian: the call's number, the architecture, the low half of argument N. */
export const data = { call: 0, architecture: 4, argument: (index: number) => 16 + 8 * index } as const;

/** Loads a word at a byte offset of the data. */
export const load = (offset: number): Line => ({ load: offset });
export const label = (name: string): Line => ({ label: name });
export const answer = (action: number): Line => ({ answer: action });

/** Jumps to `hit` if the loaded word is (has any bit of, is at least) `value`, to `miss` if not; to the next line where a label is left out. */
export const test = (kind: 'equal' | 'atLeast' | 'anyBit', value: number, hit?: string, miss?: string): Line => ({
  test: kind,
  value,
  ...(hit === undefined ? {} : { hit }),
  ...(miss === undefined ? {} : { miss }),
});

/** The program as an array of `struct sock_filter`. Throws RangeError for a jump that a filter cannot make (backwards, over 255, to nowhere). */
export function assemble(lines: readonly Line[]): Buffer {
  const places = new Map<string, number>();
  let length = 0;
  for (const line of lines) {
    if ('label' in line) places.set(line.label, length);
    else length += 1;
  }
  const bytes = Buffer.alloc(length * 8);
  let index = 0;
  const distance = (name: string | undefined): number => {
    if (name === undefined) return 0;
    const jump = (places.get(name) ?? Number.NaN) - index - 1;
    if (!(jump >= 0 && jump <= 255)) throw new RangeError(`no jump from ${index} to ${name}`);
    return jump;
  };
  for (const line of lines) {
    if ('label' in line) continue;
    const at = index * 8;
    if ('load' in line) {
      bytes.writeUInt16LE(codes.load, at);
      bytes.writeUInt32LE(line.load, at + 4);
    } else if ('answer' in line) {
      bytes.writeUInt16LE(codes.answer, at);
      bytes.writeUInt32LE(line.answer, at + 4);
    } else {
      bytes.writeUInt16LE(codes[line.test], at);
      bytes.writeUInt8(distance(line.hit), at + 2);
      bytes.writeUInt8(distance(line.miss), at + 3);
      bytes.writeUInt32LE(line.value >>> 0, at + 4);
    }
    index += 1;
  }
  return bytes;
}
