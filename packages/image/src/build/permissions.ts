import { imageErrors } from '../errors.ts';
import { followLinks } from '../layer/links.ts';
import type { PathSpec } from '../spec/schema.ts';
import type { Entry } from '../tar/entry.ts';
import { readArchive } from '../tar/reader.ts';
import { unpackLayer } from '../tar/unpack.ts';
import type { Node, Tree } from './tree.ts';

/**
 * Other permissions or owners for what is already in the image. A layer can say that of a file only by having it again, so its
 * content is taken from the layer that brought it.
 */
export async function permissionEntries(
  paths: readonly PathSpec[],
  tree: Tree,
  blob: (layer: number) => Promise<Buffer>,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const spec of paths) {
    if (spec.type !== 'permissions') continue;
    const path = spec.path === '/' ? '.' : followLinks(spec.path.slice(1), tree.links, true);
    const node = tree.get(path);
    if (node === undefined)
      throw imageErrors.error('IMAGE_PATH_CONFLICT', `permissions are set for ${spec.path}, which is not in the image`);
    const type = node.type === 'directory' ? 'directory' : 'file';
    entries.push({
      path,
      type,
      mode: spec.mode === undefined ? node.mode : Number.parseInt(spec.mode, 8),
      uid: spec.user ?? node.uid,
      gid: spec.group ?? node.gid,
      mtime: node.mtime,
      ...(type === 'file' ? { content: await contentOf(node, await blob(node.layer)) } : {}),
    });
  }
  return entries;
}

async function contentOf(node: Node, blob: Buffer): Promise<Uint8Array> {
  const wanted = node.type === 'hardlink' ? (node.linkTarget as string) : node.path;
  let content: Uint8Array | undefined;
  for (const entry of readArchive(await unpackLayer(blob, node.owner), node.owner)) if (entry.path === wanted) ({ content } = entry);
  if (content === undefined) throw imageErrors.error('IMAGE_LAYER_INVALID', `the layer of ${node.owner} does not hold ${wanted}`);
  return content;
}
