import type { Entry } from './entry.ts';
import { headerBlocks, writeHeaders } from './header.ts';

/**
 * A tar archive in memory: the entries in the order given, each padded to 512 bytes with zeros, then exactly two zero
 * blocks. A pure function of the entries. In memory that threads can share. Throws IMAGE_LIMIT for negative numbers.
 */
export function writeTar(entries: readonly Entry[]): Buffer<SharedArrayBuffer> {
  let blocks = 2;
  for (const entry of entries) blocks += headerBlocks(entry) + Math.ceil((entry.content?.length ?? 0) / 512);
  const out = Buffer.from(new SharedArrayBuffer(blocks * 512));
  let at = 0;
  for (const entry of entries) {
    at = writeHeaders(out, at, entry);
    if (entry.content === undefined) continue;
    out.set(entry.content, at);
    at += Math.ceil(entry.content.length / 512) * 512;
  }
  return out;
}
