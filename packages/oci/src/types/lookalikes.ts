import { ociErrors } from '../errors.ts';

/*
 * Go's encoding/json takes `"Layers"` for `layers`, by Unicode's simple folding (`layerſ` too), and then the later of the two. Who pushes a manifest
 * could so have us check one list and Go clients pull another.
 */
const names = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'digest',
  'size',
  'platform',
  'urls',
  'data',
];
const byFolded = new Map(names.map((name) => [fold(name), name]));

function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** Refuses keys of a manifest and of its descriptors that differ from the specification's only in case. OCI_MANIFEST_INVALID. */
export function refuseLookalikes(manifest: object): void {
  checkKeys(manifest);
  for (const member of Object.values(manifest) as unknown[]) {
    if (Array.isArray(member)) for (const entry of member as unknown[]) checkKeys(entry);
  }
  const { config, subject } = manifest as { config?: unknown; subject?: unknown };
  checkKeys(config);
  checkKeys(subject);
}

function checkKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const meant = byFolded.get(fold(key));
    if (meant !== undefined && meant !== key)
      throw ociErrors.error('OCI_MANIFEST_INVALID', `the manifest has a key ${JSON.stringify(key)}, which some read as ${meant}`);
  }
}
