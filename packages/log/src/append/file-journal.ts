import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { sha256 } from '@colophon/core';
import { durable, type AppendFile } from '@colophon/store';
import { logErrors } from '../errors.ts';
import type { Journal } from '../tiles/storage.ts';

const magic = 0x434c4a31; // "CLJ1"
const headerSize = 4 + 4 + 32 + 4;

/** Journal in files `journal/N`, each a run of frames: magic, length, SHA-256 of the record, CRC-32 of those, record. */
export async function openFileJournal(directory: string): Promise<Journal> {
  await durable.createDirectory(directory);
  let segments = await segmentsOf(directory);
  let current: { number: number; file: AppendFile } | undefined;
  let next: { number: number; file: AppendFile } | undefined;
  let broken: Error | undefined;

  const open = async (number: number) => ({ number, file: await durable.openAppend(join(directory, String(number))) });
  return {
    async recover() {
      const records: Buffer[] = [];
      let torn: number | undefined;
      for (const number of segments) {
        const data = await readFile(join(directory, String(number)));
        if (torn !== undefined && data.length > 0) throw logErrors.error('LOG_CORRUPT', `journal ${torn} is damaged before its end`);
        const { frames, end } = readFrames(data, number);
        records.push(...frames);
        if (end < data.length) {
          torn = number;
          const { file } = await open(number);
          await file.truncate(end);
          await file.close();
        }
      }
      current = await open((segments.at(-1) ?? 0) + 1);
      segments.push(current.number);
      return records;
    },
    async append(record) {
      if (broken !== undefined) throw logErrors.error('LOG_CLOSED', 'the journal failed earlier', { cause: broken });
      const { file } = current as { file: AppendFile };
      const before = file.size();
      try {
        await file.append(frame(record));
      } catch (cause) {
        // Not sealed: nothing of it may stay. If even that fails, only a restart knows what is on the disk.
        await file.truncate(before).catch((error: Error) => (broken = error));
        throw cause;
      }
      try {
        await file.sync();
      } catch (cause) {
        broken = cause as Error;
        throw cause;
      }
    },
    async prepareRoll() {
      if (next !== undefined) return;
      next = await open((current?.number ?? 0) + 1);
      segments.push(next.number);
    },
    roll() {
      const old = current;
      if (next === undefined) return;
      current = next;
      next = undefined;
      void old?.file.close();
    },
    async forget() {
      const keep = current?.number ?? 0;
      for (const number of segments.filter((segment) => segment < keep)) await durable.removeFile(join(directory, String(number)));
      segments = segments.filter((segment) => segment >= keep);
    },
    async close() {
      await current?.file.close();
      await next?.file.close();
    },
  };
}

async function segmentsOf(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => /^[1-9][0-9]{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function frame(record: Uint8Array): Buffer {
  const header = Buffer.alloc(headerSize);
  header.writeUInt32BE(magic, 0);
  header.writeUInt32BE(record.length, 4);
  sha256(record).copy(header, 8);
  header.writeUInt32BE(crc32(header.subarray(0, 40)), 40);
  return Buffer.concat([header, record]);
}

/**
 * Whole frames from the start. Each append was synced before the next began, so only the last can be torn: a whole
 * header whose record is wrong although more follows it is damage.
 */
function readFrames(data: Buffer, segment: number): { frames: Buffer[]; end: number } {
  const frames: Buffer[] = [];
  let end = 0;
  while (end + headerSize <= data.length) {
    const header = data.subarray(end, end + headerSize);
    if (header.readUInt32BE(0) !== magic || header.readUInt32BE(40) !== crc32(header.subarray(0, 40))) break;
    const stop = end + headerSize + header.readUInt32BE(4);
    const record = data.subarray(end + headerSize, stop);
    if (stop > data.length || !sha256(record).equals(header.subarray(8, 40))) {
      if (stop < data.length) throw logErrors.error('LOG_CORRUPT', `journal ${segment} is damaged at byte ${end}`);
      break;
    }
    frames.push(record);
    end = stop;
  }
  return { frames, end };
}
