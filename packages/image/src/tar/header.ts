import { imageErrors } from '../errors.ts';
import type { Entry } from './entry.ts';

const flags = { file: 0x30, hardlink: 0x31, symlink: 0x32, directory: 0x35, pax: 0x78 } as const;

/** Of the extended headers, which are no entries. */
const paxName = 'PaxHeader';
/** Magic and version of POSIX.1. */
const magic = 'ustar\u000000';

/** The path as tar has it: directories end in a slash, the root is `./`. */
function nameOf(entry: Entry): string {
  if (entry.path === '.') return './';
  return entry.type === 'directory' ? `${entry.path}/` : entry.path;
}

/** How many 512-byte blocks of headers an entry needs; its content comes on top. */
export function headerBlocks(entry: Entry): number {
  const pax = paxRecords(entry);
  return pax.length === 0 ? 1 : 2 + Math.ceil(pax.length / 512);
}

/**
 * Writes the headers of an entry and returns where they end: one ustar header (POSIX.1-1988) where its fields hold
 * what there is to say, else an extended header (POSIX.1-2001, `x`) before it. `out` is zero there.
 */
export function writeHeaders(out: Uint8Array, at: number, entry: Entry): number {
  const name = Buffer.from(nameOf(entry));
  const link = Buffer.from(entry.linkTarget ?? '');
  const size = entry.content?.length ?? 0;
  const pax = paxRecords(entry);
  if (pax.length > 0) {
    const split = { name: Buffer.from(paxName), prefix: Buffer.alloc(0) };
    writeBlock(out, at, { split, link: Buffer.alloc(0), mode: 0o644, uid: 0, gid: 0, mtime: 0, size: pax.length, flag: flags.pax });
    out.set(pax, at + 512);
    at += 512 + Math.ceil(pax.length / 512) * 512;
  }
  const split = splitName(name) ?? { name: name.subarray(0, 100), prefix: Buffer.alloc(0) };
  const { mode, uid, gid, mtime } = entry;
  writeBlock(out, at, {
    split,
    link: link.subarray(0, 100),
    mode,
    uid: fits(uid, 7),
    gid: fits(gid, 7),
    mtime: fits(mtime, 11),
    size: fits(size, 11),
    flag: flags[entry.type],
  });
  return at + 512;
}

/** What the numeric field says where the extended header says more: 0. */
function fits(value: number, digits: number): number {
  return value < 8 ** digits ? value : 0;
}

/** The records of the extended header in a fixed order; empty where none is needed. */
function paxRecords(entry: Entry): Buffer {
  const name = nameOf(entry);
  const link = entry.linkTarget ?? '';
  const size = entry.content?.length ?? 0;
  const records: string[] = [];
  const add = (key: string, value: string | number) => records.push(record(key, String(value)));
  if (entry.gid >= 8 ** 7) add('gid', entry.gid);
  if (!isPlain(link) || Buffer.byteLength(link) > 100) add('linkpath', link);
  if (entry.mtime >= 8 ** 11) add('mtime', entry.mtime);
  if (!isPlain(name) || splitName(Buffer.from(name)) === undefined) add('path', name);
  if (size >= 8 ** 11) add('size', size);
  if (entry.uid >= 8 ** 7) add('uid', entry.uid);
  return Buffer.from(records.join(''));
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + 1;
  while (String(length).length + bytes !== length) length = String(length).length + bytes;
  return `${length}${rest}`;
}

/** Name and prefix of at most 100 and 155 bytes, cut at the first slash that leaves a name short enough. */
function splitName(name: Buffer): { name: Buffer; prefix: Buffer } | undefined {
  if (name.length <= 100) return { name, prefix: Buffer.alloc(0) };
  const slash = name.indexOf(0x2f, name.length - 101);
  if (slash <= 0 || slash > 155 || slash === name.length - 1) return undefined;
  return { name: name.subarray(slash + 1), prefix: name.subarray(0, slash) };
}

interface Block {
  readonly split: { readonly name: Buffer; readonly prefix: Buffer };
  readonly link: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly size: number;
  readonly flag: number;
}

function writeBlock(out: Uint8Array, at: number, block: Block): void {
  const octal = (offset: number, digits: number, value: number) => {
    if (!Number.isSafeInteger(value) || value < 0 || value >= 8 ** digits) {
      throw imageErrors.error('IMAGE_LIMIT', `the number ${value} does not fit into a tar header`);
    }
    out.set(Buffer.from(value.toString(8).padStart(digits, '0')), at + offset);
  };
  out.set(block.split.name, at);
  octal(100, 7, block.mode);
  octal(108, 7, block.uid);
  octal(116, 7, block.gid);
  octal(124, 11, block.size);
  octal(136, 11, block.mtime);
  out[at + 156] = block.flag;
  out.set(block.link, at + 157);
  out.set(Buffer.from(magic), at + 257);
  // Owner and group names stay empty: numbers alone count. Device numbers are zeros in digits, as GNU and BSD tar write them.
  octal(329, 7, 0);
  octal(337, 7, 0);
  out.set(block.split.prefix, at + 345);
  let sum = 8 * 0x20;
  for (let index = 0; index < 512; index++) sum += out[at + index] as number;
  octal(148, 6, sum);
  out[at + 154] = 0;
  out[at + 155] = 0x20;
}
