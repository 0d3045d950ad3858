import type { FileHandle } from 'node:fs/promises';
import { serverErrors } from '../errors.ts';

const block = 512;
const paxLimit = 64 * 1024;

export interface TarFile {
  readonly path: string;
  readonly size: number;
  /** To be read to its end before the next file is asked for. */
  content(): AsyncIterable<Buffer>;
}

/**
 * Reads the archives that `createTarWriter` writes and nothing else: regular files, checksums checked, all padding and everything behind the end
 * empty. Whoever made the file may be hostile. Throws SERVER_BACKUP_INVALID.
 */
export async function* readTarFile(handle: FileHandle): AsyncGenerator<TarFile> {
  const { size: total } = await handle.stat();
  let at = 0;
  const read = async (length: number): Promise<Buffer> => {
    const data = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(data, filled, length - filled, at + filled);
      if (bytesRead === 0) throw invalid('it ends within a file');
      filled += bytesRead;
    }
    at += length;
    return data;
  };
  const padding = async (size: number) => requireEmpty(await read((block - (size % block)) % block));

  for (;;) {
    const header = parseHeader(await read(block));
    if (header === undefined) {
      requireEmpty(await read(block));
      if (at !== total) throw invalid('something follows its end');
      return;
    }
    let { path, size } = header;
    if (header.type === 'x') {
      if (size > paxLimit) throw invalid('a pax header is too long');
      const records = parsePax(await read(size));
      await padding(size);
      const next = parseHeader(await read(block));
      if (next?.type !== '0') throw invalid('a pax header stands before no file');
      path = records.get('path') ?? next.path;
      size = records.has('size') ? Number(records.get('size')) : next.size;
      if (!Number.isSafeInteger(size) || size < 0) throw invalid('a size is malformed');
    }
    const end = at + size;
    if (end > total) throw invalid('it ends within a file');
    yield {
      path,
      size,
      async *content() {
        for (let rest = end - at; rest > 0; rest = end - at) yield await read(Math.min(1 << 20, rest));
      },
    };
    if (at !== end) throw invalid(`${path} was not read to its end`);
    await padding(size);
  }
}

function parseHeader(data: Buffer): { path: string; size: number; type: string } | undefined {
  if (data.every((byte) => byte === 0)) return undefined;
  const text = (from: number, to: number) => data.toString('utf8', from, to).replace(/\0.*$/s, '');
  const octal = (from: number, to: number) => {
    const digits = text(from, to).trim();
    if (!/^[0-7]{1,12}$/.test(digits)) throw invalid('a number in a header is malformed');
    return Number.parseInt(digits, 8);
  };
  const sum = data.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (data.toString('latin1', 257, 262) !== 'ustar' || octal(148, 156) !== sum)
    throw invalid('a header is damaged, or it is no tar archive');
  const type = text(156, 157);
  if (type !== '0' && type !== 'x') throw invalid('it holds something that is no file');
  return { path: text(0, 100), size: octal(124, 136), type };
}

function parsePax(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length;) {
    const match = /^([0-9]{1,6}) /.exec(data.toString('latin1', at, at + 8));
    const end = at + Number(match?.[1] ?? 0);
    const record = data.toString('utf8', at + (match?.[0].length ?? 0), end);
    const equals = record.indexOf('=');
    if (match === null || end <= at || end > data.length || equals < 1 || !record.endsWith('\n'))
      throw invalid('a pax header is malformed');
    records.set(record.slice(0, equals), record.slice(equals + 1, -1));
    at = end;
  }
  return records;
}

function requireEmpty(data: Buffer): void {
  if (data.some((byte) => byte !== 0)) throw invalid('its padding is not empty');
}

export function invalid(what: string) {
  return serverErrors.error('SERVER_BACKUP_INVALID', `the backup is damaged, or no backup: ${what}`);
}
