import type { Node, Tree } from '../build/tree.ts';
import type { Difference } from './archives.ts';

const fields = ['type', 'mode', 'uid', 'gid', 'mtime', 'size', 'linkTarget', 'sha256'] as const;

/** The first difference of two file systems, by path. The directories' times and which of hard links is the file do not count. */
export function compareTrees(expected: Tree, found: Tree): Difference | undefined {
  const left = plain(expected);
  const right = plain(found);
  for (const path of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const one = left.get(path);
    const other = right.get(path);
    if (one === undefined || other === undefined) return { path, field: 'entry', expected: one?.type ?? null, found: other?.type ?? null };
    for (const field of fields) {
      if (field === 'mtime' && one.type === 'directory') continue;
      if (one[field] !== other[field]) return { path, field, expected: one[field] ?? null, found: other[field] ?? null };
    }
  }
  return undefined;
}

function plain(tree: Tree): Map<string, Node> {
  const nodes = new Map<string, Node>();
  for (const node of tree.nodes()) {
    const target = node.type === 'hardlink' ? tree.get(node.linkTarget as string) : undefined;
    if (target === undefined) nodes.set(node.path, node);
    else nodes.set(node.path, { ...target, path: node.path });
  }
  return nodes;
}
