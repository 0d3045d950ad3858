import { debianErrors } from '../errors.ts';
import type { DebLimits } from './limits.ts';
import { decodeName, safePath } from './path.ts';
import { parsePax, type PaxFields } from './pax.ts';
import { exactReader, type ExactReader } from './reader.ts';
import { readTarHeader, type TarHeader } from './tar-header.ts';

export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/** One entry of a tar archive, in the archive's order; duplicates are given as often as they come. */
export interface TarEntry {
  /** Relative, without `./` and closing slash; the root is `.`. */
  readonly path: string;
  readonly type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Bytes of content; 0 for all but files. */
  readonly size: number;
  /** Of a symlink: as written, it may lead anywhere. Of a hard link: a path of the archive, made plain like `path`. */
  readonly linkTarget?: string;
  /** Of files. */
  readonly content?: Uint8Array;
  /** Of devices. */
  readonly device?: { readonly major: number; readonly minor: number };
}

const types: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/**
 * Reads a tar archive that a stranger may have written: GNU, ustar and PAX headers, long names of both kinds. It must
 * be whole: two zero blocks at the end, and nothing but zeros after them. Throws DEBIAN_TAR_INVALID, DEBIAN_TAR_UNSUPPORTED,
 * DEBIAN_PATH_UNSAFE, DEBIAN_LIMIT, and whatever the stream throws. Memory: one file at a time.
 */
export async function* readTar(
  stream: AsyncIterable<Uint8Array>,
  limits: Pick<DebLimits, 'file' | 'entries' | 'name'>,
  what: string,
): AsyncGenerator<TarEntry, void, undefined> {
  const reader = exactReader(stream);
  try {
    let count = 0;
    for (;;) {
      const next = await nextHeader(reader, limits, what);
      if (next === undefined) break;
      if (++count > limits.entries) throw debianErrors.error('DEBIAN_LIMIT', `${what} has more than ${limits.entries} entries`);
      yield await entryOf(reader, next.header, next.fields, limits, what);
    }
    if (!(await reader.restIsZero()))
      throw debianErrors.error('DEBIAN_TAR_INVALID', `${what}: there are data after the end of the archive`);
  } finally {
    await reader.close();
  }
}

/** The next real header with what the extension headers before it say, or undefined at the archive's end. */
async function nextHeader(
  reader: ExactReader,
  limits: Pick<DebLimits, 'name'>,
  what: string,
): Promise<{ header: TarHeader; fields: PaxFields } | undefined> {
  const fields: PaxFields = {};
  for (let extensions = 0; ; extensions++) {
    const block = await takeWhole(reader, 512, what);
    if (isZero(block)) {
      if (extensions > 0 || !isZero(await takeWhole(reader, 512, what))) {
        throw debianErrors.error('DEBIAN_TAR_INVALID', `${what}: a single zero block, or an extension header without an entry`);
      }
      return undefined;
    }
    const header = readTarHeader(block, what);
    if (!'LKx'.includes(header.type)) return { header, fields };
    if (extensions === 8) throw debianErrors.error('DEBIAN_TAR_INVALID', `${what}: too many extension headers before one entry`);
    if (header.size > 2 * limits.name + 4096)
      throw debianErrors.error('DEBIAN_LIMIT', `${what}: an extension header of ${header.size} bytes`);
    const data = await takeContent(reader, header.size, what);
    const end = data.indexOf(0);
    const name = end < 0 ? data : data.subarray(0, end);
    if (header.type === 'L') fields.path = name;
    else if (header.type === 'K') fields.linkpath = name;
    else Object.assign(fields, parsePax(data, what));
  }
}

async function entryOf(
  reader: ExactReader,
  header: TarHeader,
  fields: PaxFields,
  limits: Pick<DebLimits, 'file' | 'name'>,
  what: string,
): Promise<TarEntry> {
  const path = safePath(fields.path ?? header.name, limits.name, what);
  const type = types[header.type];
  if (type === undefined) {
    throw debianErrors.error(
      'DEBIAN_TAR_UNSUPPORTED',
      `${what}: ${path} is of the kind ${JSON.stringify(header.type)}, which is not supported`,
    );
  }
  const size = fields.size ?? header.size;
  const common = {
    path,
    type,
    mode: header.mode,
    uid: fields.uid ?? header.uid,
    gid: fields.gid ?? header.gid,
    mtime: fields.mtime ?? header.mtime,
  };
  if (type === 'file') {
    if (size > limits.file) throw debianErrors.error('DEBIAN_LIMIT', `${what}: ${path} has ${size} bytes; the limit is ${limits.file}`);
    return { ...common, size, content: await takeContent(reader, size, what) };
  }
  if (size !== 0) throw debianErrors.error('DEBIAN_TAR_INVALID', `${what}: ${path} is no file but has ${size} bytes of content`);
  const link = fields.linkpath ?? header.link;
  switch (type) {
    case 'symlink': {
      const linkTarget = decodeName(link, limits.name, what);
      if (linkTarget === '') throw debianErrors.error('DEBIAN_TAR_INVALID', `${what}: symlink ${path} has no target`);
      return { ...common, size: 0, linkTarget };
    }
    case 'hardlink':
      return { ...common, size: 0, linkTarget: safePath(link, limits.name, what) };
    case 'character':
    case 'block':
      return { ...common, size: 0, device: { major: header.major, minor: header.minor } };
    default:
      return { ...common, size: 0 };
  }
}

async function takeContent(reader: ExactReader, size: number, what: string): Promise<Uint8Array> {
  const content = await takeWhole(reader, size, what);
  const padding = (512 - (size % 512)) % 512;
  if (padding > 0) await takeWhole(reader, padding, what);
  return content;
}

async function takeWhole(reader: ExactReader, length: number, what: string): Promise<Uint8Array> {
  const bytes = await reader.take(length);
  if (bytes === undefined) throw debianErrors.error('DEBIAN_TAR_INVALID', `${what} is truncated`);
  return bytes;
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}
