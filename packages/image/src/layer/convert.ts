import { type TarEntry } from '@colophon/debian';
import { imageErrors } from '../errors.ts';
import { directory, inOrder, parentOf, type Entry } from '../tar/entry.ts';
import { followLinks, targetOf, type Links } from './links.ts';
import { selector, isWhole, type Selection } from './select.ts';

export interface ConversionOptions extends Selection {
  /** Links of the image, of other layers or of a merged /usr, that lead to directories. */
  readonly links: Links;
  /** Later times become this one: seconds since 1970. */
  readonly clamp?: number;
}

/**
 * Turns the entries of a package into those of a layer, in the one order: every path where dpkg would have put it,
 * each directory above it present, duplicates settled (the last wins), hard links behind what they link to.
 * The package may be hostile. Throws IMAGE_ENTRY_REFUSED and IMAGE_PATH_CONFLICT.
 */
export function convertEntries(source: readonly TarEntry[], options: ConversionOptions, what: string): Entry[] {
  const links = new Map(options.links);
  for (const entry of source) {
    check(entry, what);
    if (entry.type === 'symlink') links.set(entry.path, targetOf(entry.path, entry.linkTarget as string));
  }
  const placed = place(source, options, links, what);
  const kept = settleHardLinks(placed, selector(options), what);
  const newest = kept.reduce((latest, { mtime }) => Math.max(latest, mtime), 0);
  return withParents(kept, placed, options, newest, what);
}

function check(entry: TarEntry, what: string): void {
  const refuse = (why: string) => imageErrors.error('IMAGE_ENTRY_REFUSED', `${what}: ${entry.path} ${why}`);
  if (entry.type === 'character' || entry.type === 'block' || entry.type === 'fifo') throw refuse(`is of the type ${entry.type}`);
  // OCI image-spec, layer.md, "Whiteouts": in a layer such a name deletes what lies below.
  if (entry.path.split('/').some((part) => part.startsWith('.wh.'))) throw refuse('has a name that means a whiteout in a layer');
}

function place(source: readonly TarEntry[], options: ConversionOptions, links: Links, what: string): Map<string, Entry> {
  const placed = new Map<string, Entry>();
  for (const { type, ...entry } of source) {
    const path = followLinks(entry.path, links, type === 'directory');
    if (path === '.' && type !== 'directory')
      throw imageErrors.error('IMAGE_PATH_CONFLICT', `${what}: ${entry.path} is the root, but no directory`);
    if (type !== 'directory' && type !== 'symlink' && options.links.has(path)) {
      throw imageErrors.error('IMAGE_PATH_CONFLICT', `${what}: ${path} is a ${type}, but elsewhere a link to a directory`);
    }
    const before = placed.get(path);
    if (before !== undefined && (before.type === 'directory') !== (type === 'directory')) {
      throw imageErrors.error(
        'IMAGE_PATH_CONFLICT',
        `${what}: ${path} is a directory and a ${before.type === 'directory' ? type : before.type}`,
      );
    }
    const mtime = Math.min(entry.mtime, options.clamp ?? entry.mtime);
    const common = { path, mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime };
    if (type === 'file') placed.set(path, { ...common, type, content: entry.content as Uint8Array });
    else if (type === 'symlink') placed.set(path, { ...common, type, mode: 0o777, linkTarget: entry.linkTarget as string });
    else if (type === 'hardlink') placed.set(path, { ...common, type, linkTarget: followLinks(entry.linkTarget as string, links, false) });
    else placed.set(path, { ...common, type: 'directory' });
  }
  return placed;
}

/**
 * Of each set of hard links the first that stays, in the layer's order, becomes the file; the others link to it. So it
 * does not matter in which order the package has them, or whether the one that it calls the file is excluded.
 */
function settleHardLinks(placed: ReadonlyMap<string, Entry>, stays: (path: string) => boolean, what: string): Entry[] {
  const firsts = new Map<Entry, string>();
  const kept: Entry[] = [];
  for (const entry of inOrder(placed.values())) {
    if (entry.type === 'directory' || !stays(entry.path)) continue;
    const original = entry.type === 'hardlink' ? resolveHardLink(entry, placed, what) : entry;
    const first = firsts.get(original);
    if (first === undefined || original.type === 'symlink') {
      firsts.set(original, entry.path);
      kept.push(original.path === entry.path ? original : { ...original, path: entry.path });
    } else {
      const { mode, uid, gid, mtime } = original;
      kept.push({ path: entry.path, type: 'hardlink', mode, uid, gid, mtime, linkTarget: first });
    }
  }
  return kept;
}

function resolveHardLink(entry: Entry, placed: ReadonlyMap<string, Entry>, what: string): Entry {
  let target: Entry | undefined = entry;
  for (let hops = 0; target?.type === 'hardlink' && hops < 40; hops++) target = placed.get(target.linkTarget as string);
  if (target === undefined || (target.type !== 'file' && target.type !== 'symlink')) {
    throw imageErrors.error(
      'IMAGE_ENTRY_REFUSED',
      `${what}: ${entry.path} is a hard link to ${entry.linkTarget}, which is no file of the package`,
    );
  }
  return target;
}

/** Adds the directories: those above what stays, and, of a package that is taken whole, its empty ones too. */
function withParents(
  kept: readonly Entry[],
  placed: ReadonlyMap<string, Entry>,
  options: ConversionOptions,
  newest: number,
  what: string,
): Entry[] {
  const whole = isWhole(options);
  const stays = selector(options);
  const all = new Map<string, Entry>();
  const add = (path: string): void => {
    // The root is the image's own: its mode is not a package's to say.
    for (let above = path; above !== '.' && !all.has(above); above = parentOf(above)) {
      const known = placed.get(above);
      if (known !== undefined && known.type !== 'directory') {
        throw imageErrors.error('IMAGE_PATH_CONFLICT', `${what}: ${above} is a ${known.type}, but there are entries below it`);
      }
      all.set(above, known ?? directory(above, { mtime: newest }));
    }
  };
  for (const entry of placed.values()) {
    if (entry.type === 'directory' && (whole || (options.include === undefined && stays(entry.path)))) add(entry.path);
  }
  for (const entry of kept) add(parentOf(entry.path));
  for (const entry of kept) all.set(entry.path, entry);
  return inOrder(all.values());
}
