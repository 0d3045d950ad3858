import { imageErrors } from '../errors.ts';

/** One entry as it stands in an archive: every field of its header, and where it is, for whoever compares bytes. */
export interface RawEntry {
  /** Without `./` and closing slash; the root is `.`. Where it leads is not judged. */
  readonly path: string;
  /** The type flag: `0` file, `1` hard link, `2` symbolic link, `5` directory, … */
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly linkTarget: string;
  readonly userName: string;
  readonly groupName: string;
  /** Records of extended headers that are not among the above, as `KEY=VALUE`. */
  readonly extended: readonly string[];
  readonly content: Uint8Array;
  /** All headers, from the first extended one on. */
  readonly header: Uint8Array;
}

/**
 * Reads a whole tar archive from memory: ustar, PAX and GNU long names; whatever a layer made by others has. Hostile
 * bytes throw IMAGE_LAYER_INVALID; nothing is written anywhere. Sizes are bounded by the archive itself.
 */
export function* readArchive(bytes: Uint8Array, what: string): Generator<RawEntry, void, undefined> {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const invalid = (why: string) => imageErrors.error('IMAGE_LAYER_INVALID', `${what}: ${why}`);
  let global = new Map<string, string>();
  let local = new Map<string, string>();
  let start = 0;
  for (let at = 0; at < data.length;) {
    if (at + 512 > data.length) throw invalid('a header is truncated');
    const block = data.subarray(at, at + 512);
    if (block.every((byte) => byte === 0)) return;
    checkSum(block, invalid);
    const flag = block[156] === 0 ? '0' : String.fromCharCode(block[156] as number);
    const pax = flag === 'x' || flag === 'g' ? new Map<string, string>() : new Map([...global, ...local]);
    const size = hasContent(flag) ? integer(pax.get('size'), numberAt(block, 124, 12, invalid), invalid) : 0;
    const from = at + 512;
    const to = from + size;
    const content = data.subarray(from, to);
    at = from + Math.ceil(size / 512) * 512;
    if (at > data.length) throw invalid('an entry is truncated');
    if (flag === 'x') local = new Map([...local, ...paxRecords(content, invalid)]);
    else if (flag === 'g') global = new Map([...global, ...paxRecords(content, invalid)]);
    else if (flag === 'L') local.set('path', cString(content));
    else if (flag === 'K') local.set('linkpath', cString(content));
    else {
      yield { ...fieldsOf(block, pax, invalid), flag, content, header: data.subarray(start, from) };
      local = new Map();
      start = at;
    }
  }
}

function hasContent(flag: string): boolean {
  return !'123456'.includes(flag);
}

const known = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'uname', 'gname']);

function fieldsOf(block: Buffer, pax: ReadonlyMap<string, string>, invalid: (why: string) => Error) {
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? cString(block.subarray(345, 500)) : '';
  const name = cString(block.subarray(0, 100));
  const written = pax.get('path') ?? (prefix === '' ? name : `${prefix}/${name}`);
  const parts = written.split('/').filter((part) => part !== '' && part !== '.');
  return {
    path: parts.length === 0 ? '.' : parts.join('/'),
    mode: numberAt(block, 100, 8, invalid) & 0o7777,
    uid: integer(pax.get('uid'), numberAt(block, 108, 8, invalid), invalid),
    gid: integer(pax.get('gid'), numberAt(block, 116, 8, invalid), invalid),
    mtime: pax.has('mtime') ? Math.floor(Number(pax.get('mtime'))) : numberAt(block, 136, 12, invalid),
    linkTarget: pax.get('linkpath') ?? cString(block.subarray(157, 257)),
    userName: pax.get('uname') ?? cString(block.subarray(265, 297)),
    groupName: pax.get('gname') ?? cString(block.subarray(297, 329)),
    extended: [...pax]
      .filter(([key]) => !known.has(key))
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
  };
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function numberAt(block: Buffer, at: number, length: number, invalid: (why: string) => Error): number {
  const first = block[at] as number;
  if (first === 0x80) return integer(BigInt(`0x${block.toString('hex', at + 1, at + length)}`).toString(), 0, invalid);
  const text = block
    .toString('latin1', at, at + length)
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw invalid('a header has a number that is none');
  return Number.parseInt(text, 8);
}

function integer(text: string | undefined, otherwise: number, invalid: (why: string) => Error): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) throw invalid(`a header has the number ${JSON.stringify(text.slice(0, 40))}`);
  return value;
}

function checkSum(block: Buffer, invalid: (why: string) => Error): void {
  let sum = 0;
  for (let index = 0; index < 512; index++) sum += index >= 148 && index < 156 ? 0x20 : (block[index] as number);
  if (numberAt(block, 148, 8, invalid) !== sum) throw invalid('a header’s checksum is wrong: this is not a tar archive, or a damaged one');
}

function* paxRecords(content: Buffer, invalid: (why: string) => Error): Generator<[string, string], void, undefined> {
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = Number(content.toString('latin1', at, Math.max(at, space)));
    const equals = content.indexOf(0x3d, space);
    if (
      space < 0 ||
      !Number.isSafeInteger(length) ||
      length < 5 ||
      at + length > content.length ||
      equals < space ||
      equals >= at + length
    ) {
      throw invalid('an extended header is malformed');
    }
    yield [content.toString('utf8', space + 1, equals), content.toString('utf8', equals + 1, at + length - 1)];
    at += length;
  }
}
