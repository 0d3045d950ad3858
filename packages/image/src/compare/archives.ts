import { readArchive, type RawEntry } from '../tar/reader.ts';

/** Where two things first differ: one is expected, the other was found. Absent is null. */
export interface Difference {
  /** Number of the layer, from 1 at the bottom. */
  readonly layer?: number;
  /** Path in the image. */
  readonly path?: string;
  /** A header field; `content` for the first differing byte; `entry` where one side lacks it; of a configuration, its member. */
  readonly field: string;
  /** Of the first differing byte, from the start of the file or header. */
  readonly offset?: number;
  readonly expected: unknown;
  readonly found: unknown;
}

const fields = ['flag', 'mode', 'uid', 'gid', 'mtime', 'linkTarget', 'userName', 'groupName'] as const;

/** The first difference of two tar archives in the order of the expected one: by path and field, then order, then bytes. */
export function compareArchives(expected: Buffer, found: Buffer): Difference | undefined {
  if (expected.equals(found)) return undefined;
  const left = [...readArchive(expected, 'the expected layer')];
  const right = [...readArchive(found, 'the layer found')];
  const byPath = new Map(right.map((entry) => [entry.path, entry]));
  for (const entry of left) {
    const other = byPath.get(entry.path);
    if (other === undefined) return { path: entry.path, field: 'entry', expected: describe(entry), found: null };
    const difference = compareEntries(entry, other);
    if (difference !== undefined) return difference;
  }
  const known = new Set(left.map(({ path }) => path));
  const extra = right.find(({ path }) => !known.has(path));
  if (extra !== undefined) return { path: extra.path, field: 'entry', expected: null, found: describe(extra) };
  const place = left.findIndex(({ path }, index) => right[index]?.path !== path);
  if (place >= 0)
    return {
      path: left[place]?.path as string,
      field: 'order',
      expected: place,
      found: right.findIndex(({ path }) => path === left[place]?.path),
    };
  for (const [index, { path, header }] of left.entries()) {
    const other = right[index] as RawEntry;
    const offset = firstDifference(header, other.header);
    if (offset !== undefined)
      return { path, field: 'header', offset, expected: header[offset] ?? null, found: other.header[offset] ?? null };
  }
  const offset = firstDifference(expected, found) as number;
  return { field: 'archive', offset, expected: expected[offset] ?? null, found: found[offset] ?? null };
}

function compareEntries(left: RawEntry, right: RawEntry): Difference | undefined {
  const { path } = left;
  for (const field of fields) if (left[field] !== right[field]) return { path, field, expected: left[field], found: right[field] };
  if (left.extended.join('\n') !== right.extended.join('\n'))
    return { path, field: 'extended', expected: left.extended, found: right.extended };
  const offset = firstDifference(left.content, right.content);
  if (offset !== undefined)
    return { path, field: 'content', offset, expected: left.content[offset] ?? null, found: right.content[offset] ?? null };
  return undefined;
}

function firstDifference(left: Uint8Array, right: Uint8Array): number | undefined {
  if (left.length === right.length && Buffer.compare(left, right) === 0) return undefined;
  const shared = Math.min(left.length, right.length);
  for (let offset = 0; offset < shared; offset++) if (left[offset] !== right[offset]) return offset;
  return shared;
}

function describe(entry: RawEntry): string {
  return `type ${entry.flag}, mode ${entry.mode.toString(8)}, ${entry.content.length} bytes`;
}
