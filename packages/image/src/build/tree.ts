import { imageErrors } from '../errors.ts';
import { followLinks, targetOf, type Links } from '../layer/links.ts';
import type { EntryFacts } from '../layer/record.ts';
import { directory, inOrder, parentOf, type Entry } from '../tar/entry.ts';

/** A node of the image's file system, and the layer (counted from the bottom) and part that it comes from. */
export interface Node extends EntryFacts {
  readonly layer: number;
  readonly owner: string;
}

/** The file system of an image while it grows, layer by layer: facts, no contents. */
export interface Tree {
  get(path: string): Node | undefined;
  nodes(): Iterable<Node>;
  /** Every symbolic link, and where it leads. */
  readonly links: Links;
  /** Links of this tree that paths of these entries lead through: a layer with such paths would hide the link. */
  linksUnder(entries: readonly EntryFacts[]): [string, string][];
  /** Puts a layer on top. Throws IMAGE_PATH_CONFLICT where a file would replace a directory, or the other way round. */
  apply(entries: readonly EntryFacts[], layer: number, owner: string): void;
  remove(path: string, layer: number): void;
  /** Entries as they must stand in a layer on top: paths through links followed, and every directory above present, as it already is. */
  place(entries: readonly Entry[]): Entry[];
  parents(path: string): Entry[];
  copy(): Tree;
}

export function createTree(known: ReadonlyMap<string, Node> = new Map(), knownLinks: Links = new Map()): Tree {
  const nodes = new Map(known);
  const links = new Map(knownLinks);
  const tree: Tree = {
    get: (path) => nodes.get(path),
    nodes: () => nodes.values(),
    links,
    linksUnder(entries) {
      const found = new Map<string, string>();
      for (const { path, type } of entries) {
        for (let above = type === 'directory' ? path : parentOf(path); above !== '.'; above = parentOf(above)) {
          const target = links.get(above);
          if (target !== undefined) found.set(above, followLinks(target, links, true));
        }
      }
      return [...found].sort(([left], [right]) => (left < right ? -1 : 1));
    },
    apply(entries, layer, owner) {
      for (const entry of entries) {
        const before = nodes.get(entry.path);
        if (before !== undefined && (before.type === 'directory') !== (entry.type === 'directory')) {
          throw imageErrors.error(
            'IMAGE_PATH_CONFLICT',
            `${entry.path} is a ${before.type} of ${before.owner}, but a ${entry.type} of ${owner}`,
          );
        }
        nodes.set(entry.path, { ...entry, layer, owner });
        if (entry.type === 'symlink') links.set(entry.path, targetOf(entry.path, entry.linkTarget as string));
        else links.delete(entry.path);
      }
    },
    remove(path, layer) {
      for (const [other, node] of nodes) {
        if ((other === path || other.startsWith(`${path}/`)) && node.layer < layer) {
          nodes.delete(other);
          links.delete(other);
        }
      }
    },
    place(entries) {
      const placed = new Map<string, Entry>();
      for (const entry of entries) {
        const path = followLinks(entry.path, links, entry.type === 'directory');
        for (const parent of tree.parents(path)) if (!placed.has(parent.path)) placed.set(parent.path, parent);
        placed.set(path, { ...entry, path });
      }
      return inOrder(placed.values());
    },
    parents(path) {
      const found: Entry[] = [];
      for (let above = parentOf(path); above !== '.'; above = parentOf(above)) {
        const known = nodes.get(above);
        found.unshift(directory(above, known?.type === 'directory' ? known : { mtime: 0 }));
      }
      return found;
    },
    copy: () => createTree(nodes, links),
  };
  return tree;
}
