import { symlink, type Entry } from '../tar/entry.ts';

/**
 * The names of a busybox binary's applets, in order: they stand in it one after another, a zero byte after each, from `[`
 * to an empty one. Undefined where there is no such list.
 */
export function busyboxApplets(binary: Uint8Array): string[] | undefined {
  const bytes = Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength);
  for (let start = bytes.indexOf('[\0[[\0'); start >= 0; start = bytes.indexOf('[\0[[\0', start + 1)) {
    const end = bytes.indexOf('\0\0', start);
    const names = end < 0 ? [] : bytes.toString('latin1', start, end).split('\0');
    if (names.includes('sh') && names.length < 1000 && names.every((name) => /^[a-z0-9_[-]{1,32}$/.test(name))) return names;
  }
  return undefined;
}

/** A directory of links, one for each applet, to where busybox-static has the program. */
export function busyboxEntries(directory: string, applets: readonly string[]): Entry[] {
  const base = directory.slice(1);
  const names = [...new Set([...applets, 'busybox'])];
  return names.map((name) => symlink(`${base}/${name}`, '/usr/bin/busybox', 0));
}
