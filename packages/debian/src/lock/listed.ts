import { isColophonError } from '@colophon/core';
import { indexEntries, indexForms, indexPaths, type IndexForm } from '../archive/fetch-index.ts';
import type { Release } from '../archive/release.ts';
import { scanIndex } from '../archive/scan-index.ts';
import type { DebianCache } from '../fetch/cache.ts';
import { downloadBlob, isSound, type BlobRequest, type DownloadOptions } from '../fetch/download.ts';
import type { LockedPackage, LockedSuite } from './schema.ts';

/**
 * Names of the packages that the suite's indices list exactly so. `release` is the suite's verified InRelease. Only
 * indices of components that hold such packages are fetched, each in the form that is the fastest to read: of those that
 * are in the cache, else of those that a mirror has. The InRelease vouches for the compressed bytes; what they say is
 * thereby signed, and the plain form's hash would say nothing more.
 */
export async function findListed(
  release: Release,
  suite: LockedSuite,
  architecture: string,
  packages: readonly LockedPackage[],
  cache: DebianCache,
  options: DownloadOptions & { readonly indices?: Promise<unknown> },
): Promise<ReadonlySet<string>> {
  const ours = packages.filter((entry) => entry.architecture === architecture || entry.architecture === 'all');
  const components = [...new Set(ours.map(({ component }) => component))].filter((name) => suite.components.includes(name));
  const indices = indexEntries(release, suite.name, components, architecture);
  const found = await Promise.all(
    indices.map(async ({ component, file, plain }) => {
      const wanted = ours.filter((entry) => entry.component === component);
      const { request, form } = await fetchForm(release, suite, file, cache, options);
      const path = cache.blobs.path(`sha256:${form.sha256}`);
      return scanIndex({ path, compression: form.compression, limit: plain.size, wanted, what: request.what });
    }),
  );
  return new Set(found.flat());
}

interface Candidate {
  readonly form: IndexForm;
  readonly request: BlobRequest;
}

async function fetchForm(
  release: Release,
  suite: LockedSuite,
  file: string,
  cache: DebianCache,
  options: DownloadOptions & { readonly indices?: Promise<unknown> },
): Promise<Candidate> {
  const { archive, name } = suite;
  const candidates = indexForms(release, file).map((form): Candidate => {
    const path = `dists/${name}/${form.file}`;
    const { sha256, size } = form;
    return { form, request: { archive, paths: indexPaths(path, sha256, release.acquireByHash), sha256, size, what: path } };
  });
  for (const candidate of candidates) if (await isSound(candidate.request, cache)) return candidate;
  await options.indices;
  let failure: unknown;
  for (const candidate of candidates) {
    try {
      await downloadBlob(candidate.request, cache, options);
      return candidate;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isColophonError(error) || error.code !== 'DEBIAN_FETCH_FAILED') throw error;
      failure ??= error;
    }
  }
  throw failure;
}
