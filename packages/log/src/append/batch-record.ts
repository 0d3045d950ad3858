import { parseJson } from '@colophon/core';
import { logErrors } from '../errors.ts';

/** An entry as it is sealed: everything but the signatures. */
export interface SealedEntry {
  readonly index: number;
  readonly body: Buffer;
  /** Seconds since 1970 */
  readonly integratedTime: number;
  readonly keys: readonly string[];
}

/** A batch of the journal: a line of JSON about the entries, then their bodies, one after another. */
export function encodeBatch(entries: readonly SealedEntry[]): Buffer {
  const head = {
    first: entries[0]?.index ?? 0,
    entries: entries.map(({ body, integratedTime, keys }) => ({ size: body.length, time: integratedTime, keys })),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...entries.map(({ body }) => body)]);
}

export function decodeBatch(record: Buffer): SealedEntry[] {
  const split = record.indexOf(0x0a);
  const head = parseJson(record.subarray(0, Math.max(0, split)), 'a batch of the journal') as {
    first: number;
    entries: { size: number; time: number; keys: string[] }[];
  };
  let offset = split + 1;
  const entries = head.entries.map(({ size, time, keys }, position) => {
    const body = record.subarray(offset, offset + size);
    offset += size;
    return { index: head.first + position, body, integratedTime: time, keys };
  });
  if (split < 0 || offset !== record.length) throw logErrors.error('LOG_CORRUPT', 'a batch of the journal does not have the size it says');
  return entries;
}
