import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { serverErrors } from '../errors.ts';

const block = 512;

/** What was written of one file. */
export interface Written {
  readonly path: string;
  readonly size: number;
  /** Hex, of the bytes that went into the archive. */
  readonly sha256: string;
}

export interface TarWriter {
  /** Exactly `size` bytes: what is shorter is an error, what is longer is cut (a log that is being written). */
  add(path: string, size: number, modified: number, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Written>;
  /** The two empty blocks at the end. */
  end(): Promise<void>;
}

/** POSIX tar (ustar; pax records where a name or size does not fit), one file after another, of any size, in constant memory. */
export function createTarWriter(handle: FileHandle): TarWriter {
  const write = async (data: Uint8Array) => {
    for (let at = 0; at < data.length;) at += (await handle.write(data, at, data.length - at)).bytesWritten;
  };
  const pad = (size: number) => write(Buffer.alloc((block - (size % block)) % block));

  async function header(path: string, size: number, modified: number): Promise<void> {
    const records = [...(fits(path) ? [] : [pax('path', path)]), ...(size < 0o77777777777 ? [] : [pax('size', String(size))])];
    if (records.length > 0) {
      const data = Buffer.from(records.join(''));
      await write(ustar('pax', data.length, modified, 'x'));
      await write(data);
      await pad(data.length);
    }
    await write(ustar(fits(path) ? path : path.slice(-99), Math.min(size, 0o77777777777), modified, '0'));
  }

  return {
    async add(path, size, modified, content) {
      await header(path, size, modified);
      const hash = createHash('sha256');
      let written = 0;
      for await (const chunk of content) {
        const part = chunk.subarray(0, size - written);
        hash.update(part);
        await write(part);
        written += part.length;
        if (written === size) break;
      }
      if (written !== size)
        throw serverErrors.error('SERVER_BACKUP_CHANGED', `${path} has become shorter: ${written} bytes instead of ${size}`);
      await pad(size);
      return { path, size, sha256: hash.digest('hex') };
    },
    end: () => write(Buffer.alloc(2 * block)),
  };
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= 100;
}

/** A pax record begins with its own length in decimal. */
function pax(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(rest);
  let total = length + String(length).length;
  if (String(total).length !== String(length).length) total = length + String(total).length;
  return `${total}${rest}`;
}

function ustar(path: string, size: number, modified: number, type: string): Buffer {
  const data = Buffer.alloc(block);
  const octal = (value: number, at: number, width: number) => data.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  data.write(path, 0);
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.max(0, Math.floor(modified / 1000)), 136, 12);
  data.write('        ', 148);
  data.write(type, 156);
  data.write('ustar\x0000', 257, 'latin1');
  const sum = data.reduce((total, byte) => total + byte, 0);
  data.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return data;
}
