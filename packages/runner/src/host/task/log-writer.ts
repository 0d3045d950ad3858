import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createMasker, type Masker } from './masker.ts';

export interface LogWriter {
  /** Copies a stream into the log until its end. Back-pressure reaches the step: what is not written is not read. */
  copy(stream: Readable): Promise<void>;
  /** Written, not yet durable: the task syncs its logs together when it ends. */
  close(): Promise<void>;
  readonly size: number;
}

/** Growth is told at most this often. */
const tellEveryMs = 50;

export interface LogOptions {
  readonly masks: readonly string[];
  /** Bytes kept. */
  readonly limit: number;
  readonly onGrowth: (size: number) => void;
}

/**
 * Writes a step's output to its log file as it comes, standard output and error in the order of arrival. Secrets are masked, also where one is cut by a chunk's border
 * or woven of both streams. Beyond the limit nothing more is kept, and the log says so; the step goes on: it must not be able to end itself by talking, nor to fill the disk.
 */
export async function openLog(path: string, { masks, limit, onGrowth }: LogOptions): Promise<LogWriter> {
  const file = await open(path, 'w', 0o600);
  let size = 0;
  const merged = createMasker(masks);
  let queue: Promise<void> = Promise.resolve();
  let cut = false;
  let told = 0;
  let timer: NodeJS.Timeout | undefined;

  const tell = () => {
    clearTimeout(timer);
    timer = undefined;
    if (size === told) return;
    told = size;
    onGrowth(told);
  };

  async function write(bytes: Buffer): Promise<void> {
    if (cut || bytes.length === 0) return;
    const room = limit - size;
    cut = bytes.length > room;
    const kept = cut ? Buffer.concat([bytes.subarray(0, room), Buffer.from(`\n[log cut off after ${limit} bytes]\n`)]) : bytes;
    timer ??= setTimeout(tell, tellEveryMs);
    await file.appendFile(kept);
    size += kept.length;
  }

  /** One append at a time, in the order of arrival. */
  const inOrder = (work: () => Promise<void>): Promise<void> => (queue = queue.then(work));

  return {
    get size() {
      return size;
    },
    async copy(stream) {
      const own: Masker = createMasker(masks);
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        if (cut) continue;
        const clean = own.push(chunk);
        if (clean.length > 0) await inOrder(() => write(merged.push(clean)));
      }
      await inOrder(() => write(merged.push(own.end())));
    },
    async close() {
      await inOrder(() => write(merged.end())).finally(async () => {
        clearTimeout(timer);
        tell();
        await file.close();
      });
    },
  };
}
