import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A download on its way. While it runs its file has a name of its own, so two processes never write one file; a download
 * that was given up leaves `SHA256.part`, which the next one takes over by renaming it.
 */
export interface Partial {
  readonly path: string;
  size(): number;
  append(chunk: Uint8Array): Promise<void>;
  restart(): Promise<void>;
  /** Keeps what came for the next try. */
  leave(): Promise<void>;
  /** Throws away what is left; after the file was adopted elsewhere, just closes it. */
  discard(): Promise<void>;
}

let serial = 0;

export async function openPartial(directory: string, sha256: string, limit: number): Promise<Partial> {
  const idle = join(directory, `${sha256}.part`);
  const path = join(directory, `${sha256}.${process.pid}.${serial++}`);
  const adopted = await rename(idle, path).then(
    () => true,
    () => false,
  );
  const handle: FileHandle = await open(path, adopted ? 'r+' : 'w+', 0o644);
  let size = (await handle.stat()).size;
  if (size > limit) {
    await handle.truncate(0);
    size = 0;
  }
  return {
    path,
    size: () => size,
    async append(chunk) {
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, size);
        done += bytesWritten;
        size += bytesWritten;
      }
    },
    async restart() {
      await handle.truncate(0);
      size = 0;
    },
    async leave() {
      await handle.close();
      await rename(path, idle);
    },
    async discard() {
      await handle.close();
      await rm(path, { force: true });
    },
  };
}
