import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchLocked, type DebianCache, type Mirrors } from '@colophon/debian';
import { buildImage, diffImages, encoderId, type Difference, type DiffVerdict } from '@colophon/image';
import type { Descriptor } from '@colophon/oci';
import { isBetter } from '../verdict/verdict.ts';
import { stageFiles, type FindFile, type StagedFiles } from './files.ts';
import type { Recipe } from './recipe.ts';

export interface StepImageOptions {
  /** Where to work: made new, left for the caller to remove. */
  readonly directory: string;
  readonly mirrors: Mirrors;
  readonly keyrings?: readonly string[];
  readonly cache: string | DebianCache;
  readonly find: FindFile;
  /** The image that is to come out again. */
  readonly original: { readonly directory: string; readonly descriptor: Descriptor };
  readonly onProgress?: (event: { readonly phase: 'packages' | 'files' | 'layers'; readonly detail?: string }) => void;
  readonly signal?: AbortSignal;
}

export interface StepImageRebuild {
  readonly verdict: DiffVerdict;
  readonly digest: string;
  readonly first?: Difference;
  readonly files: StagedFiles;
  /** The encoder of this program where it is another than the recorded one: the same bytes cannot be expected then. */
  readonly encoder?: { readonly expected: string; readonly found: string };
}

/** Makes a step image again from its recipe, by hash, with nothing cached: packages from the archive, this program's own encoder. Throws REBUILD_FILE_MISSING and what fetching and building throw. */
export async function rebuildStepImage(recipe: Recipe, options: StepImageOptions): Promise<StepImageRebuild> {
  const { directory, onProgress } = options;
  const [files, output] = [join(directory, 'files'), join(directory, 'layout')];
  for (const path of [files, output]) await rm(path, { recursive: true, force: true });
  onProgress?.({ phase: 'packages' });
  const debs = await fetchLocked(recipe.lock, {
    mirrors: options.mirrors,
    cacheDirectory: options.cache,
    ...(options.keyrings === undefined ? {} : { keyrings: options.keyrings }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onProgress: (event) => {
      if (event.kind === 'download') onProgress?.({ phase: 'packages', detail: `${event.packages} of ${event.of}` });
    },
  });
  onProgress?.({ phase: 'files' });
  const staged = await stageFiles(recipe, files, options.find, options.original);
  let layers = 0;
  const result = await buildImage({
    spec: recipe.spec,
    lock: recipe.lock,
    debs: (sha256) => debs.get(sha256) as string,
    output,
    ...(recipe.files.length === 0 ? {} : { files }),
    onProgress: () => onProgress?.({ phase: 'layers', detail: `${(layers += 1)}` }),
  });
  const encoder = recipe.encoder === encoderId ? {} : { encoder: { expected: recipe.encoder, found: encoderId } };
  const { digest } = recipe.subject;
  const made = result.images.map((image) => image.descriptor.digest);
  if (made.includes(digest)) return { verdict: 'digest-identical', digest, files: staged, ...encoder };
  let best: StepImageRebuild | undefined;
  for (const candidate of made) {
    const { verdict, first } = await diffImages(options.original.directory, digest, output, candidate);
    if (best === undefined || isBetter(verdict, best.verdict))
      best = { verdict, digest: candidate, ...(first === undefined ? {} : { first }), files: staged, ...encoder };
  }
  return best as StepImageRebuild;
}
