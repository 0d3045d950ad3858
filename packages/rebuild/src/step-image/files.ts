import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestStream, sha256Hex } from '@colophon/core';
import { readArchive, unpackLayer } from '@colophon/image';
import { openLayout, type Descriptor } from '@colophon/oci';
import { rebuildErrors } from '../errors.ts';
import type { Recipe } from './recipe.ts';

/** Where a file with that path in the image is on this machine, if it is. Its content is checked against the record. */
export type FindFile = (path: string) => string | undefined;

export interface StagedFiles {
  /** How many were found on this machine, and how many had to be taken out of the image itself. */
  readonly local: number;
  readonly fromImage: number;
}

/**
 * Puts the recorded local files under `root` as the image's specification expects them. A file counts by its recorded hash, wherever it comes from:
 * this machine's own program first, else (another version or Node runs here) the image that is to be rebuilt. Throws REBUILD_FILE_MISSING.
 */
export async function stageFiles(
  recipe: Recipe,
  root: string,
  find: FindFile,
  original: { directory: string; descriptor: Descriptor },
): Promise<StagedFiles> {
  const missing = new Map<string, string>();
  for (const { path, sha256 } of recipe.files) {
    const source = find(path);
    if (source === undefined || !(await hasContent(source, sha256))) missing.set(path, sha256);
    else await stage(root, path, (target) => copyFile(source, target));
  }
  const fromImage = missing.size;
  if (fromImage > 0) await stageFromImage(root, missing, original);
  const [first] = missing.keys();
  if (first !== undefined) {
    throw rebuildErrors.error(
      'REBUILD_FILE_MISSING',
      `${first} with the recorded content is neither on this machine nor in the image (${missing.size} such files)`,
    );
  }
  return { local: recipe.files.length - fromImage, fromImage };
}

async function hasContent(path: string, sha256: string): Promise<boolean> {
  try {
    return (await digestStream(createReadStream(path) as AsyncIterable<Uint8Array>)).digest === `sha256:${sha256}`;
  } catch {
    return false;
  }
}

/** Takes what it finds off the list. */
async function stageFromImage(
  root: string,
  missing: Map<string, string>,
  { directory, descriptor }: { directory: string; descriptor: Descriptor },
): Promise<void> {
  const layout = await openLayout(directory);
  try {
    const opened = await layout.manifest(descriptor);
    const layers = opened.kind === 'manifest' ? opened.manifest.layers : [];
    for (const [index, layer] of layers.entries()) {
      const archive = await unpackLayer(await layout.bytes(layer, layerLimit), `layer ${index + 1}`);
      for (const { path, flag, content } of readArchive(archive, `layer ${index + 1}`)) {
        const name = `/${path}`;
        if (flag !== '0' || missing.get(name) !== sha256Hex(content)) continue;
        await stage(root, name, (target) => writeFile(target, content));
        missing.delete(name);
      }
      if (missing.size === 0) return;
    }
  } finally {
    await layout.close();
  }
}

const layerLimit = 2 ** 30;

/** The mode is set, so that neither umask nor the source's mode shows; what must be executable says so in the specification. */
async function stage(root: string, path: string, write: (target: string) => Promise<void>): Promise<void> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await write(target);
  await chmod(target, 0o644);
}
