import { isColophonError, type Digest } from '@colophon/core';
import { isForeignLayer, namesIn, openDirectory, openLayout, subjectOf, type Descriptor } from '@colophon/oci';
import type { BlobStore } from '@colophon/store';
import { runnerErrors } from '../errors.ts';

/** An image that a step left as `NAME/` in an images workspace. */
export interface CollectedImage {
  readonly name: string;
  readonly refName?: string;
  readonly descriptor: Descriptor;
  /** The image of the layout that it says something about (image-spec, `subject`): a bill of materials, a signature. It goes where its subject goes. */
  readonly subject?: Digest;
  /** Everything below it and itself, leaves first; all in the blob store now. */
  readonly content: readonly Descriptor[];
}

/**
 * Takes the OCI layouts of an images workspace. The steps wrote it, but none runs any more. Each file is opened without following links and checked against its
 * digest while it is copied into the blob store, so what is pushed later is what was checked. Throws RUNNER_OUTPUT_INVALID at the first layout that is no good.
 */
export async function collectLayouts(directory: string, blobs: BlobStore): Promise<readonly CollectedImage[]> {
  const root = await openDirectory(directory);
  const names = await namesIn(root).finally(() => root.close());
  const collected: CollectedImage[] = [];
  // A volume that is a disk of its own has ext4's folder for lost files.
  for (const name of names.filter((one) => one !== 'lost+found').toSorted()) {
    if (!/^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/.test(name))
      throw runnerErrors.error('RUNNER_OUTPUT_INVALID', `${JSON.stringify(name.slice(0, 200))} is not a repository name`);
    try {
      collected.push(...(await collectLayout(directory, name, blobs)));
    } catch (error) {
      if (!isColophonError(error)) throw error;
      throw runnerErrors.error('RUNNER_OUTPUT_INVALID', `the layout ${name}: ${error.message}`, {
        cause: error,
        ...(error.details === undefined ? {} : { details: error.details }),
      });
    }
  }
  return collected;
}

async function collectLayout(directory: string, name: string, blobs: BlobStore): Promise<CollectedImage[]> {
  const parent = await openDirectory(directory);
  const layout = await openLayout({ parent, name }).finally(() => parent.close());
  try {
    const images: CollectedImage[] = [];
    for (const descriptor of (await layout.index()).manifests) {
      const content = (await layout.verify(descriptor)).filter(({ mediaType }) => !isForeignLayer(mediaType));
      for (const part of content) {
        if ((await blobs.stat(part.digest)) === undefined) await blobs.put(layout.blob(part), { expected: part.digest });
      }
      const refName = descriptor.annotations?.['org.opencontainers.image.ref.name'];
      const subject = subjectOf(await layout.manifest(descriptor))?.digest;
      images.push({
        name,
        descriptor,
        content,
        ...(refName === undefined ? {} : { refName }),
        ...(subject === undefined ? {} : { subject }),
      });
    }
    return images;
  } finally {
    await layout.close();
  }
}
