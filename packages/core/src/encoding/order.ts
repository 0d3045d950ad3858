/** Orders text by its UTF-8 bytes, whatever the locale. JavaScript's own order is by UTF-16 unit, which differs beyond U+FFFF. */
export function compareBytewise(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
