import { imageErrors } from '../errors.ts';
import { parentOf } from '../tar/entry.ts';

/** Symbolic links that lead to directories: path → target, both plain paths of the image. */
export type Links = ReadonlyMap<string, string>;

/**
 * Where the names of a merged /usr lead (trixie's base-files has them as symbolic links). A layer that held a real
 * directory `lib` would hide the link, and with it everything under /usr/lib.
 */
export const usrMergeLinks: Links = new Map(
  ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libo32', 'libx32'].map((name) => [name, `usr/${name}`]),
);

/** What a link at `path` with `target` as written leads to; `..` stops at the root, as the kernel's does. */
export function targetOf(path: string, target: string): string {
  const parts = target.startsWith('/') ? [] : parentOf(path).split('/');
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const plain = parts.filter((part) => part !== '.');
  return plain.length === 0 ? '.' : plain.join('/');
}

/**
 * Follows links in the directories above `path` and, with `last`, at its end: the path at which the kernel would
 * find it. The attacker may write links in circles: after 40 of them IMAGE_PATH_CONFLICT, as ELOOP.
 */
export function followLinks(path: string, links: Links, last: boolean): string {
  if (links.size === 0) return path;
  let parts = path.split('/');
  let hops = 0;
  for (let count = 1; count <= parts.length; count++) {
    if (count === parts.length && !last) break;
    const target = links.get(parts.slice(0, count).join('/'));
    if (target === undefined) continue;
    if (++hops > 40) throw imageErrors.error('IMAGE_PATH_CONFLICT', `the path ${path} leads through more than 40 symbolic links`);
    parts = [...(target === '.' ? [] : target.split('/')), ...parts.slice(count)];
    count = 0;
  }
  return parts.length === 0 ? '.' : parts.join('/');
}
