import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { errorCode } from '@colophon/core';
import { ociErrors } from '../errors.ts';

/*
 * A step may have left anything in a layout: links to the host's files, FIFOs that block whoever opens them, devices that act when they are opened. Each
 * part of a path is opened by itself, relative to the folder before it, never following a link (what openat2's RESOLVE_NO_SYMLINKS does; Node has no
 * openat, so it goes through /proc/self/fd). A file is first opened as a mere path (O_PATH: no driver is touched), looked at, and then reopened.
 */

/** Linux's O_PATH, which Node does not name. */
const pathOnly = 0o10_000_000;
const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A folder by its path, whose last part only may be of a stranger; or by name in a folder that is open already. */
export type Place = string | { readonly parent: FileHandle; readonly name: string };

function refuse(error: unknown, what: string): Error {
  const code = errorCode(error);
  const reasons: Readonly<Record<string, string>> = {
    ELOOP: 'is a symbolic link',
    ENOTDIR: 'is not a directory',
    ENOENT: 'is missing',
    EACCES: 'may not be read',
  };
  return ociErrors.error('OCI_LAYOUT_INVALID', `${what} ${reasons[code ?? ''] ?? `cannot be opened: ${code ?? String(error)}`}`, {
    cause: error,
  });
}

function checkName(name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw ociErrors.error('OCI_LAYOUT_INVALID', `${JSON.stringify(name.slice(0, 100))} is not a file name`);
}

export async function openDirectory(place: Place): Promise<FileHandle> {
  if (typeof place !== 'string') checkName(place.name);
  const path = typeof place === 'string' ? place : `/proc/self/fd/${place.parent.fd}/${place.name}`;
  return open(path, directoryFlags).catch((error: unknown) =>
    Promise.reject(refuse(error, typeof place === 'string' ? place : place.name)),
  );
}

/** Opens a regular file below `root` for reading; gives its handle and size. Anything else is OCI_LAYOUT_INVALID. */
export async function openFile(root: FileHandle, parts: readonly string[]): Promise<{ handle: FileHandle; size: number }> {
  const opened: FileHandle[] = [];
  const what = parts.join('/');
  try {
    let folder = root;
    for (const name of parts.slice(0, -1)) {
      folder = await openDirectory({ parent: folder, name });
      opened.push(folder);
    }
    const last = parts.at(-1) ?? '';
    checkName(last);
    const found = await open(`/proc/self/fd/${folder.fd}/${last}`, pathOnly | constants.O_NOFOLLOW).catch((error: unknown) =>
      Promise.reject(refuse(error, what)),
    );
    opened.push(found);
    const status = await found.stat();
    if (!status.isFile()) {
      throw ociErrors.error('OCI_LAYOUT_INVALID', `${what} is ${status.isSymbolicLink() ? 'a symbolic link' : 'not a regular file'}`);
    }
    const handle = await open(`/proc/self/fd/${found.fd}`, constants.O_RDONLY).catch((error: unknown) =>
      Promise.reject(refuse(error, what)),
    );
    return { handle, size: status.size };
  } finally {
    for (const handle of opened) await handle.close();
  }
}

/** Reads a small file whole; OCI_TOO_LARGE if it is larger, or grows, beyond `limit` bytes. */
export async function readSmall(root: FileHandle, parts: readonly string[], limit: number): Promise<Buffer> {
  const { handle, size } = await openFile(root, parts);
  try {
    if (size > limit) throw ociErrors.error('OCI_TOO_LARGE', `${parts.join('/')} has ${size} bytes; the limit is ${limit}`);
    const buffer = Buffer.alloc(size + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > size) throw ociErrors.error('OCI_LAYOUT_INVALID', `${parts.join('/')} grew while it was read`);
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}

/** Names in a directory, in no order; links are not followed. */
export async function namesIn(folder: FileHandle): Promise<string[]> {
  return readdir(`/proc/self/fd/${folder.fd}`);
}
