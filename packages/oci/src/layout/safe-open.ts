import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { errorCode } from '@colophon/core';
import { ociErrors } from '../errors.ts';

/*
 * A step may have left anything in a layout: links to the host's files, FIFOs that block whoever opens them, devices. Each part of a path is opened by
 * itself, relative to the folder before it, never following a link (what openat2's RESOLVE_NO_SYMLINKS does; Node has no openat,
 * so it goes through /proc/self/fd).
 */

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function refuse(error: unknown, what: string): Error {
  const code = errorCode(error);
  const reason =
    code === 'ELOOP'
      ? 'is a symbolic link'
      : code === 'ENOTDIR'
        ? 'is not a directory'
        : code === 'ENOENT'
          ? 'is missing'
          : (code ?? String(error));
  return ociErrors.error('OCI_LAYOUT_INVALID', `${what} ${reason}`, { cause: error });
}

export async function openDirectory(parent: FileHandle | string, name?: string): Promise<FileHandle> {
  const path = typeof parent === 'string' ? parent : `/proc/self/fd/${parent.fd}/${name}`;
  return open(path, directoryFlags).catch((error: unknown) =>
    Promise.reject(refuse(error, name ?? (typeof parent === 'string' ? parent : 'the folder'))),
  );
}

/** Opens a regular file below `root`; gives its handle and size. */
export async function openFile(root: FileHandle, parts: readonly string[]): Promise<{ handle: FileHandle; size: number }> {
  const opened: FileHandle[] = [];
  try {
    let folder = root;
    for (const part of parts.slice(0, -1)) {
      folder = await openDirectory(folder, part);
      opened.push(folder);
    }
    const what = parts.join('/');
    const handle = await open(`/proc/self/fd/${folder.fd}/${parts.at(-1)}`, fileFlags).catch((error: unknown) =>
      Promise.reject(refuse(error, what)),
    );
    const status = await handle.stat();
    if (!status.isFile()) {
      await handle.close();
      throw ociErrors.error('OCI_LAYOUT_INVALID', `${what} is not a regular file`);
    }
    return { handle, size: status.size };
  } finally {
    for (const handle of opened) await handle.close();
  }
}

export async function readSmall(root: FileHandle, parts: readonly string[], limit: number): Promise<Buffer> {
  const { handle, size } = await openFile(root, parts);
  try {
    if (size > limit) throw ociErrors.error('OCI_TOO_LARGE', `${parts.join('/')} has ${size} bytes; the limit is ${limit}`);
    const buffer = Buffer.alloc(limit + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, Math.min(buffer.length - length, 1 << 20));
      if (bytesRead === 0) break;
      length += bytesRead;
      if (length > limit) throw ociErrors.error('OCI_TOO_LARGE', `${parts.join('/')} grew beyond ${limit} bytes while it was read`);
    }
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}

/** Names in a directory, in no order; links are not followed. */
export async function namesIn(folder: FileHandle): Promise<string[]> {
  return readdir(`/proc/self/fd/${folder.fd}`);
}
