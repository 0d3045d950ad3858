import type { Compression } from '../codec/decompress.ts';
import { debianErrors } from '../errors.ts';
import type { DebianCache } from '../fetch/cache.ts';
import { downloadBlob, type DownloadOptions } from '../fetch/download.ts';
import { compactIndex } from './index-cache.ts';
import type { Release } from './release.ts';

/** A package index that a signed InRelease vouches for. */
export interface IndexEntry {
  readonly component: string;
  /** Relative to `dists/SUITE/`. */
  readonly file: string;
  readonly compression: Compression;
  readonly size: number;
  readonly sha256: string;
  readonly plain: { readonly size: number; readonly sha256: string };
}

const endings: readonly (readonly [string, Compression])[] = [
  ['.xz', 'xz'],
  ['.zst', 'zst'],
  ['.gz', 'gz'],
  ['', 'none'],
];
/** Bounds what a signed but hostile InRelease can make us hold; trixie main has 57 MB. */
const plainLimit = 2 ** 30;

/** The indices of the components for one architecture, and of `all` where that has one of its own. Throws DEBIAN_INDEX_MISSING. */
export function indexEntries(release: Release, suite: string, components: readonly string[], architecture: string): IndexEntry[] {
  return components.flatMap((component) => {
    const own = indexEntry(release, component, architecture);
    if (own === undefined)
      throw debianErrors.error('DEBIAN_INDEX_MISSING', `suite ${suite} lists no Packages of ${component} for ${architecture}`);
    const all = release.allIncluded ? undefined : indexEntry(release, component, 'all');
    return all === undefined ? [own] : [own, all];
  });
}

function indexEntry(release: Release, component: string, architecture: string): IndexEntry | undefined {
  const base = `${component}/binary-${architecture}/Packages`;
  const plain = release.files.get(base);
  if (plain === undefined) return undefined;
  if (plain.size > plainLimit) throw debianErrors.error('DEBIAN_LIMIT', `${base} has ${plain.size} bytes; the limit is ${plainLimit}`);
  for (const [ending, compression] of endings) {
    const entry = release.files.get(base + ending);
    if (entry !== undefined) return { component, file: base + ending, compression, ...entry, plain };
  }
  return undefined;
}

/** One compressed form of an index; the signed InRelease vouches for each by a hash of its own. */
export interface IndexForm {
  /** Relative to `dists/SUITE/`. */
  readonly file: string;
  readonly compression: Compression;
  readonly size: number;
  readonly sha256: string;
}

/** By the time to read them: gzip takes a fifth of the time of xz, and has a third more to fetch. */
const readingOrder: readonly Compression[] = ['gz', 'zst', 'xz', 'none'];

/** The forms in which the suite has the index of which `file` is one, the fastest to read first. */
export function indexForms(release: Release, file: string): IndexForm[] {
  const base = file.replace(/\.(?:xz|gz|zst)$/, '');
  return readingOrder.flatMap((compression) => {
    const name = base + (endings.find(([, kind]) => kind === compression)?.[0] as string);
    const entry = release.files.get(name);
    return entry === undefined ? [] : [{ file: name, compression, ...entry }];
  });
}

/** Where a mirror may have the index, relative to the archive's root: by hash first (the name may have moved on), then by name. */
export function indexPaths(path: string, sha256: string, byHash: boolean): string[] {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return byHash ? [`${folder}/by-hash/SHA256/${sha256}`, path] : [path];
}

/** Fetches an index into the cache and gives its compact form. The hashes of both forms are checked. */
export async function fetchIndex(
  index: {
    readonly path: string;
    readonly sha256: string;
    readonly size: number;
    readonly plain: { readonly size: number; readonly sha256: string };
  },
  archive: 'archive' | 'security',
  byHash: boolean,
  cache: DebianCache,
  options: DownloadOptions,
): Promise<Buffer> {
  const { path, sha256, size, plain } = index;
  await downloadBlob({ archive, paths: indexPaths(path, sha256, byHash), sha256, size, what: path }, cache, options);
  const compression = endings.find(([ending]) => ending !== '' && path.endsWith(ending))?.[1] ?? 'none';
  return compactIndex({ path: cache.blobs.path(`sha256:${sha256}`), compression, ...plain, what: path }, cache.parsed);
}
