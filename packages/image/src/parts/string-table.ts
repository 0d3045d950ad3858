/**
 * Strings with a zero byte after each, in the order and with the sharing of glibc's elf/stringtable.c: ordered by their
 * bytes from the end, the greater before the smaller, and a longer one before its own endings, which then need no bytes of their own.
 */
export function stringTable(strings: Iterable<string>): { bytes: Buffer; offset(text: string): number } {
  const all = [...new Set(strings)].map((text) => ({ text, bytes: Buffer.from(text) }));
  all.sort((left, right) => compareFromEnd(left.bytes, right.bytes));
  const offsets = new Map<string, number>();
  const parts: Buffer[] = [];
  let length = 0;
  let previous = Buffer.alloc(0);
  for (const { text, bytes } of all) {
    if (parts.length > 0 && previous.length >= bytes.length && previous.subarray(previous.length - bytes.length).equals(bytes)) {
      offsets.set(text, length - 1 - bytes.length);
      continue;
    }
    offsets.set(text, length);
    parts.push(bytes, Buffer.alloc(1));
    length += bytes.length + 1;
    previous = bytes;
  }
  return { bytes: Buffer.concat(parts), offset: (text) => offsets.get(text) as number };
}

function compareFromEnd(left: Buffer, right: Buffer): number {
  const shared = Math.min(left.length, right.length);
  for (let back = 1; back <= shared; back++) {
    const difference = (right[right.length - back] as number) - (left[left.length - back] as number);
    if (difference !== 0) return difference;
  }
  return right.length - left.length;
}
