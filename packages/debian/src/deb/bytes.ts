import { open } from 'node:fs/promises';
import { debianErrors } from '../errors.ts';

/** Random access to a .deb, in memory or in a file that was opened once: what is checked is what is read. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes at `start`; the caller has checked that they are there. */
  read(start: number, length: number): Promise<Uint8Array>;
  stream(start: number, length: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const chunkSize = 256 * 1024;

export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (start, length) => bytes.subarray(start, start + length),
    async *stream(start, length) {
      for (let offset = 0; offset < length; offset += chunkSize) {
        yield bytes.subarray(start + offset, start + Math.min(offset + chunkSize, length));
      }
    },
    close: async () => {},
  };
}

export async function fileSource(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  const read = async (start: number, length: number): Promise<Uint8Array> => {
    const buffer = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await handle.read(buffer, done, length - done, start + done);
      if (bytesRead === 0) throw debianErrors.error('DEBIAN_AR_INVALID', `${path} became shorter while it was read`);
      done += bytesRead;
    }
    return buffer;
  };
  return {
    size,
    read,
    async *stream(start, length) {
      for (let offset = 0; offset < length; offset += chunkSize) {
        yield await read(start + offset, Math.min(chunkSize, length - offset));
      }
    },
    close: () => handle.close(),
  };
}
