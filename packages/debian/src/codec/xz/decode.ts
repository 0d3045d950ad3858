import { crc32 } from 'node:zlib';
import { exactReader, type ExactReader } from '../../deb/reader.ts';
import { createCheck, type Check } from './checks.ts';
import { corrupt, LzmaDecoder } from './lzma.ts';
import { Window } from './window.ts';

const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]);
const footerMagic = Buffer.of(0x59, 0x5a);

/**
 * Decodes .xz (file format 1.2.1): streams one after another with padding between, blocks, the index, every check. The
 * one filter is LZMA2, which is all that dpkg-deb and Debian's indices use. It gives at most 2 MiB at a time, and the
 * reader pulls. Throws DEBIAN_COMPRESSION_INVALID. Who uses it bounds the output (`decompress`).
 */
export async function* decodeXz(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const input = counted(exactReader(source));
  try {
    let first = await need(input, 12);
    for (;;) {
      yield* stream(input, first);
      // Stream padding: zeros by four.
      for (;;) {
        const byte = await input.take(1);
        if (byte === undefined) return;
        const word = Buffer.concat([byte, await need(input, 3)]);
        if (word.some((byte) => byte !== 0)) {
          first = Buffer.concat([word, await need(input, 8)]);
          break;
        }
      }
    }
  } finally {
    await input.close();
  }
}

interface Input extends ExactReader {
  count: number;
}

function counted(reader: ExactReader): Input {
  const input: Input = {
    ...reader,
    count: 0,
    async take(length) {
      const bytes = await reader.take(length);
      if (bytes !== undefined) input.count += length;
      return bytes;
    },
  };
  return input;
}

async function need(input: Input, length: number): Promise<Buffer> {
  const bytes = await input.take(length);
  if (bytes === undefined) throw corrupt('it is truncated');
  return bytes as Buffer;
}

interface Sizes {
  readonly unpadded: number;
  readonly plain: number;
}

async function* stream(input: Input, header: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  if (!header.subarray(0, 6).equals(magic)) throw corrupt('it does not begin as .xz');
  const flags = header.subarray(6, 8);
  if (crc32(flags) !== header.readUInt32LE(8)) throw corrupt('the stream header is damaged');
  if (flags[0] !== 0 || createCheck(flags[1] as number) === undefined) throw corrupt('the stream has a check that is not known');
  const blocks: Sizes[] = [];
  const window = new Window();
  for (;;) {
    const start = input.count;
    const size = (await need(input, 1))[0] as number;
    if (size === 0) break;
    blocks.push(yield* block(input, size, createCheck(flags[1] as number) as Check, window, start));
  }
  await index(input, blocks, flags);
}

async function* block(
  input: Input,
  sizeByte: number,
  check: Check,
  window: Window,
  start: number,
): AsyncGenerator<Uint8Array, Sizes, undefined> {
  const length = (sizeByte + 1) * 4;
  const header = Buffer.concat([Buffer.of(sizeByte), await need(input, length - 1)]);
  if (crc32(header.subarray(0, length - 4)) !== header.readUInt32LE(length - 4)) throw corrupt('a block header is damaged');
  const said = blockHeader(header.subarray(0, length - 4));
  window.reset(said.dictionary);
  const bodyStart = input.count;
  let plain = 0;
  for await (const data of lzma2(input, window)) {
    check.update(data);
    plain += data.length;
    yield data;
  }
  const body = input.count - bodyStart;
  if ((said.compressed ?? body) !== body || (said.plain ?? plain) !== plain) throw corrupt('a block has another size than its header says');
  const padding = (4 - (body % 4)) % 4;
  if ((await need(input, padding)).some((byte) => byte !== 0)) throw corrupt('the padding of a block is not zero');
  if (!(await need(input, check.size)).equals(check.digest())) throw corrupt('the check of a block does not match');
  return { unpadded: input.count - start - padding, plain };
}

function blockHeader(header: Buffer): { compressed: number | undefined; plain: number | undefined; dictionary: number } {
  const flags = header[1] as number;
  if ((flags & 0x3f) !== 0) throw corrupt('a block has more than the LZMA2 filter, or reserved flags');
  const cursor = { at: 2 };
  const compressed = (flags & 0x40) === 0 ? undefined : integer(header, cursor);
  const plain = (flags & 0x80) === 0 ? undefined : integer(header, cursor);
  const [filter, size] = [integer(header, cursor), integer(header, cursor)];
  const bits = header[cursor.at++] ?? 0xff;
  if (filter !== 0x21 || size !== 1 || bits > 40) throw corrupt('a block has another filter than LZMA2');
  if (header.subarray(cursor.at).some((byte) => byte !== 0)) throw corrupt('a block header has data in its padding');
  return { compressed, plain, dictionary: bits === 40 ? 0xffffffff : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11) };
}

/** A multibyte integer (section 1.2), at most 2^53 - 1 here. */
function integer(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  for (let shift = 0; ; shift++) {
    const byte = bytes[cursor.at++];
    if (byte === undefined || shift === 8 || (byte === 0 && shift > 0)) throw corrupt('a number is malformed');
    value += (byte & 0x7f) * 2 ** (7 * shift);
    if (!Number.isSafeInteger(value)) throw corrupt('a number is too large');
    if (byte < 0x80) return value;
  }
}

/** LZMA2 (section 5.3.1): chunks of at most 2 MiB, plain or compressed, until a zero. */
async function* lzma2(input: Input, window: Window): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new LzmaDecoder();
  // What the next chunk must do at least: 2 reset the dictionary, 1 set properties, 0 nothing.
  let mustReset = true;
  let mustSet = true;
  for (;;) {
    const control = (await need(input, 1))[0] as number;
    if (control === 0) return;
    const resets = control === 1 || control >= 0xe0;
    if (resets) window.clear();
    else if (mustReset) throw corrupt('the first chunk does not reset the dictionary');
    mustReset = false;
    if (control < 0x80) {
      if (control > 2) throw corrupt('a chunk of an unknown kind');
      const size = (await need(input, 2)).readUInt16BE() + 1;
      const start = window.reserve(size);
      window.append(await need(input, size));
      yield window.since(start);
      continue;
    }
    const head = await need(input, 4);
    const size = (((control & 0x1f) << 16) | head.readUInt16BE()) + 1;
    if (control >= 0xc0) decoder.setProperties((await need(input, 1))[0] as number);
    else if (mustSet) throw corrupt('the first compressed chunk sets no properties');
    else if (control >= 0xa0) decoder.resetState();
    mustSet = false;
    const data = await need(input, head.readUInt16BE(2) + 1);
    const start = window.reserve(size);
    decoder.decode(data, window, size);
    yield window.since(start);
  }
}

/** The index must list exactly the blocks that came; the footer must lie where it says (sections 4 and 2.1.2). */
async function index(input: Input, blocks: readonly Sizes[], flags: Buffer): Promise<void> {
  const parts: Buffer[] = [Buffer.of(0)];
  const number = async () => {
    const bytes: number[] = [];
    do {
      const byte = await need(input, 1);
      parts.push(byte);
      bytes.push(byte[0] as number);
    } while ((bytes.at(-1) as number) >= 0x80 && bytes.length < 9);
    return integer(Uint8Array.from(bytes), { at: 0 });
  };
  if ((await number()) !== blocks.length) throw corrupt('the index has another number of blocks');
  for (const { unpadded, plain } of blocks) {
    if ((await number()) !== unpadded || (await number()) !== plain) throw corrupt('the index says other sizes than the blocks have');
  }
  const body = Buffer.concat(parts);
  const padding = await need(input, (4 - (body.length % 4)) % 4);
  const whole = Buffer.concat([body, padding]);
  if (padding.some((byte) => byte !== 0) || (await need(input, 4)).readUInt32LE() !== crc32(whole)) throw corrupt('the index is damaged');
  const footer = await need(input, 12);
  if (crc32(footer.subarray(4, 10)) !== footer.readUInt32LE() || !footer.subarray(10).equals(footerMagic))
    throw corrupt('the stream footer is damaged');
  if (!footer.subarray(8, 10).equals(flags) || (footer.readUInt32LE(4) + 1) * 4 !== whole.length + 4)
    throw corrupt('the stream footer contradicts the stream');
}
