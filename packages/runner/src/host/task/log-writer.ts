import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';

export interface LogWriter {
  /** Copies a stream into the log until its end. Back-pressure reaches the step: what is not written is not read. */
  copy(stream: Readable): Promise<void>;
  close(): Promise<void>;
  readonly size: number;
}

const mask = '***';

/**
 * Writes a step's output to its log file: secrets are masked, also where one is cut by a chunk's border; beyond the limit nothing more is kept, and the log says so.
 * The step goes on: it must not be able to end itself by talking, nor fill the disk.
 */
export function openLog(path: string, options: { masks: readonly string[]; limit: number; onGrowth: (size: number) => void }): LogWriter {
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  const masks = options.masks
    .filter((text) => text.length >= 4)
    .map((text) => Buffer.from(text))
    .toSorted((left, right) => right.length - left.length);
  const longest = masks[0]?.length ?? 0;
  let size = 0;
  let cut = false;
  file.on('error', () => (cut = true));

  async function write(bytes: Buffer): Promise<void> {
    if (cut || bytes.length === 0) return;
    let kept = bytes;
    if (size + bytes.length > options.limit) {
      kept = Buffer.concat([
        bytes.subarray(0, Math.max(0, options.limit - size)),
        Buffer.from(`\n[log cut off after ${options.limit} bytes]\n`),
      ]);
      cut = true;
    }
    size += kept.length;
    if (!file.write(kept)) await new Promise<void>((resolve) => void file.once('drain', resolve).once('error', () => resolve()));
    options.onGrowth(size);
  }

  return {
    get size() {
      return size;
    },
    async copy(stream) {
      let held: Buffer = Buffer.alloc(0);
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        if (longest === 0) {
          await write(chunk);
          continue;
        }
        const text = replaceAll(Buffer.concat([held, chunk]), masks);
        // What may be the beginning of a secret waits for the next chunk.
        const keep = partialMatch(text, masks);
        held = text.subarray(text.length - keep);
        await write(text.subarray(0, text.length - keep));
      }
      await write(replaceAll(held, masks));
    },
    close: () => new Promise((resolve) => file.end(() => resolve())),
  };
}

function replaceAll(bytes: Buffer, masks: readonly Buffer[]): Buffer {
  let result = bytes;
  for (const secret of masks) {
    for (let at = result.indexOf(secret); at >= 0; at = result.indexOf(secret, at + mask.length)) {
      result = Buffer.concat([result.subarray(0, at), Buffer.from(mask), result.subarray(at + secret.length)]);
    }
  }
  return result;
}

/** How many bytes at the end may be the beginning of a secret. */
function partialMatch(bytes: Buffer, masks: readonly Buffer[]): number {
  let longest = 0;
  for (const secret of masks) {
    for (let length = Math.min(secret.length - 1, bytes.length); length > longest; length -= 1) {
      if (bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}
