import type { ResourceDescriptor } from '@colophon/attest';
import { parseReference } from '@colophon/oci';
import { parseGitUri } from '@colophon/source';
import { rebuildErrors } from '../errors.ts';
import type { Json, RecordedImage } from './recorded.ts';

export interface Pins {
  /** The dependencies of kind source and lock. */
  readonly inputs: readonly ResourceDescriptor[];
  readonly images: readonly RecordedImage[];
  /** `HOST:PORT` of the registry that takes the rebuilt images. */
  readonly registry: string;
}

/**
 * A copy of a run's or definition's spec that names exactly what was recorded: inputs by commit, step images by digest, images going to another registry.
 * Nothing else is touched: text that a step reads (scripts, params, env) stays as it was, even where it names the first registry, since bytes may depend on it.
 */
export function pinSpec(spec: Json, pins: Pins): Json {
  return walk(spec, undefined, pins) as Json;
}

const imageHolders = new Set(['steps', 'sidecars', 'stepTemplate']);

function walk(value: unknown, holder: string | undefined, pins: Pins): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, holder, pins));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key === 'csi' && isObject(member)) return [key, pinBinding(member, pins)];
      if (key === 'image' && typeof member === 'string' && holder !== undefined && imageHolders.has(holder))
        return [key, pinImage(member, pins)];
      return [key, walk(member, key, pins)];
    }),
  );
}

function pinBinding(csi: Json, pins: Pins): Json {
  const { driver, volumeAttributes } = csi;
  if (!isObject(volumeAttributes)) return csi;
  if (driver === 'images.colophon.dev') return { ...csi, volumeAttributes: moved(volumeAttributes, pins.registry) };
  if (driver !== 'source.colophon.dev' && driver !== 'packages.colophon.dev') return csi;
  const commit = commitOf(driver === 'source.colophon.dev' ? 'source' : 'lock', volumeAttributes, pins.inputs);
  return commit === undefined ? csi : { ...csi, volumeAttributes: { ...volumeAttributes, revision: commit } };
}

function moved(attributes: Json, registry: string): Json {
  const { repository } = attributes;
  return typeof repository === 'string' ? { ...attributes, repository: moveReference(repository, registry) } : attributes;
}

/** The same path in another registry. */
export function moveReference(reference: string, registry: string): string {
  return `${registry}/${parseReference(reference).repository}`;
}

/** The commit that was recorded for a binding; undefined where no step mounted it. */
function commitOf(kind: 'source' | 'lock', { uri, revision, lock }: Json, inputs: readonly ResourceDescriptor[]): string | undefined {
  if (typeof uri !== 'string' || typeof revision !== 'string') return undefined;
  const wanted = plain(uri);
  const commits = new Set(
    inputs
      .filter(
        ({ name = '', uri: found, annotations = {} }) =>
          name.startsWith(`${kind}/`) && found === wanted && (kind === 'source' || annotations['path'] === lock),
      )
      .map(({ digest, annotations = {} }) => (kind === 'source' ? digest?.['gitCommit'] : annotations['revision'])),
  );
  const [commit] = commits;
  if (commits.has(revision)) return revision;
  if (commits.size > 1) {
    throw rebuildErrors.error(
      'REBUILD_NOT_REPLAYABLE',
      `${wanted} was fetched at several commits, and ${revision} does not say which is which`,
    );
  }
  return typeof commit === 'string' ? commit : undefined;
}

function plain(uri: string): string {
  try {
    return parseGitUri(uri).uri;
  } catch {
    return uri;
  }
}

/** A tag may have moved since: the digest that it had is what ran. */
function pinImage(reference: string, { images }: Pins): string {
  const matching = images.filter(({ references }) => references.includes(reference));
  const [image] = matching;
  if (image === undefined || reference.includes('@')) return reference;
  if (matching.length > 1) throw rebuildErrors.error('REBUILD_NOT_REPLAYABLE', `the tag of ${reference} moved while the build ran`);
  return `${image.repository}@${image.digest}`;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
