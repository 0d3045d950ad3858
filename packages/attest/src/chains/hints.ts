import { parseImageName, type ImageName } from './image-name.ts';
import { textOf, type NamedValue } from './objects.ts';

/*
 * Type hints: results by which a step says what it made or used (Chains, docs/slsa-provenance.md). All of it is the step's claim.
 */

export interface Artifact {
  readonly uri: string;
  /** Algorithm and hex as they stand on either side of the colon. */
  readonly algorithm: string;
  readonly hex: string;
}

const hexLengths: Readonly<Record<string, number>> = { sha1: 40, sha256: 64, sha384: 96, sha512: 128 };

/** `algorithm:hex`, both trimmed, the algorithm in any case. */
function parseDigest(text: string): { algorithm: string; hex: string } | undefined {
  const [algorithm, hex, ...rest] = text.split(':');
  if (algorithm === undefined || hex === undefined || rest.length > 0) return undefined;
  const length = hexLengths[algorithm.trim().toLowerCase()];
  return length !== undefined && hex.trim().length === length && /^[0-9a-f]+$/.test(hex.trim()) ? { algorithm, hex } : undefined;
}

/** Values of `*URISUFFIX` and `*DIGESTSUFFIX` that share a prefix, both trimmed and not empty. */
function pairs(results: readonly NamedValue[], uriSuffix: string, digestSuffix: string): { uri: string; digest: string }[] {
  const found = new Map<string, { uri: string; digest: string }>();
  for (const { name, value } of results) {
    const suffix = [uriSuffix, digestSuffix].find((ending) => name.endsWith(ending));
    if (suffix === undefined || textOf(value) === '') continue;
    const prefix = name.slice(0, name.length - suffix.length);
    const pair = found.get(prefix) ?? { uri: '', digest: '' };
    found.set(prefix, { ...pair, [suffix === uriSuffix ? 'uri' : 'digest']: textOf(value).trim() });
  }
  return [...found.values()].filter(({ uri, digest }) => uri !== '' && digest !== '');
}

/** Images by `*IMAGE_URL` with `*IMAGE_DIGEST`, and by `IMAGES`. */
export function images(results: readonly NamedValue[]): ImageName[] {
  const paired = pairs(results, 'IMAGE_URL', 'IMAGE_DIGEST').map(({ uri, digest }) => parseImageName(`${uri}@${digest}`));
  const listed = results.filter(({ name }) => name === 'IMAGES').flatMap(({ value }) => listedImages(textOf(value)));
  return [...paired.filter((image) => image !== undefined), ...listed];
}

/** Names set apart by commas or line ends. Observed of Chains 0.29.2: one that is invalid makes all of the list void. */
function listedImages(text: string): ImageName[] {
  const names = text.split(/[\n,]/).map((name) => name.trim());
  const parsed = names.filter((name) => name !== '').map(parseImageName);
  return parsed.includes(undefined) ? [] : parsed.filter((image) => image !== undefined);
}

/** Artifacts by `*ARTIFACT_URI` with `*ARTIFACT_DIGEST`. */
export function pairedArtifacts(results: readonly NamedValue[]): Artifact[] {
  return pairs(results, 'ARTIFACT_URI', 'ARTIFACT_DIGEST').flatMap(({ uri, digest }) => artifact(uri, digest));
}

/** Artifacts by object results `*ARTIFACT_INPUTS` or `*ARTIFACT_OUTPUTS` with uri and digest. */
export function structuredArtifacts(results: readonly NamedValue[], suffix: 'ARTIFACT_INPUTS' | 'ARTIFACT_OUTPUTS'): Artifact[] {
  return results.filter(({ name }) => name.endsWith(suffix)).flatMap(structured);
}

/** Those outputs that say `isBuildArtifact: "true"`. */
export function buildArtifacts(results: readonly NamedValue[]): Artifact[] {
  return results.filter(isBuildArtifact).flatMap(structured);
}

export function isBuildArtifact(result: NamedValue): boolean {
  const { name, value } = result;
  if (!name.endsWith('ARTIFACT_OUTPUTS') || typeof value !== 'object' || Array.isArray(value)) return false;
  return (value as Record<string, string>)['isBuildArtifact'] === 'true' && structured(result).length === 1;
}

/** Whether a result's name belongs to an image hint, whatever its value. */
export function isImageHint(name: string): boolean {
  return name.endsWith('IMAGE_URL') || name.endsWith('IMAGE_DIGEST') || name === 'IMAGES';
}

/** A result that looks like a build artifact but is no object: Chains lists it nowhere. */
export function isBrokenOutput({ name, value }: NamedValue): boolean {
  if (!name.endsWith('ARTIFACT_OUTPUTS')) return false;
  if (typeof value !== 'object' || Array.isArray(value)) return true;
  return (value as Record<string, string>)['isBuildArtifact'] === 'true' && structured({ name, value }).length === 0;
}

function structured({ value }: NamedValue): Artifact[] {
  if (typeof value !== 'object' || Array.isArray(value)) return [];
  const { uri = '', digest = '' } = value as Record<string, string>;
  return uri === '' || digest === '' ? [] : artifact(uri, digest);
}

function artifact(uri: string, text: string): Artifact[] {
  const digest = parseDigest(text);
  return digest === undefined ? [] : [{ uri, ...digest }];
}
