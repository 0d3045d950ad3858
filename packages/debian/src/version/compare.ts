import { debianErrors } from '../errors.ts';

/** A Debian version in its three parts (deb-version(7)). */
export interface DebianVersion {
  /** 0 when the version names none. */
  readonly epoch: number;
  readonly upstream: string;
  /** Empty when the version has none; compares like `0`. */
  readonly revision: string;
}

/**
 * Splits a version as dpkg's parseversion() does: epoch before the first colon, revision after the last hyphen.
 * Throws DEBIAN_VERSION_INVALID for what dpkg refuses: an empty part, a bad epoch, embedded space, foreign characters.
 */
export function parseVersion(text: string): DebianVersion {
  const invalid = (why: string) => debianErrors.error('DEBIAN_VERSION_INVALID', `${JSON.stringify(text.slice(0, 200))}: ${why}`);
  const colon = text.indexOf(':');
  let epoch = 0;
  if (colon >= 0) {
    const digits = text.slice(0, colon);
    if (!/^[0-9]+$/.test(digits)) throw invalid('the epoch is not a number');
    epoch = Number(digits);
    if (epoch > 2_147_483_647) throw invalid('the epoch is too large');
  }
  const rest = text.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  const upstream = hyphen < 0 ? rest : rest.slice(0, hyphen);
  const revision = hyphen < 0 ? '' : rest.slice(hyphen + 1);
  if (upstream === '') throw invalid('there is no upstream version');
  if (hyphen >= 0 && revision === '') throw invalid('the revision is empty');
  if (!/^[0-9][A-Za-z0-9.+~:-]*$/.test(upstream))
    throw invalid('the upstream version must start with a digit and hold only A-Z a-z 0-9 . + ~ : -');
  if (!/^[A-Za-z0-9.+~]*$/.test(revision)) throw invalid('the revision holds something else than A-Z a-z 0-9 . + ~');
  return { epoch, upstream, revision };
}

/** Orders two versions as `dpkg --compare-versions` does. Throws DEBIAN_VERSION_INVALID. */
export function compareVersions(left: string, right: string): -1 | 0 | 1 {
  if (left === right) {
    parseVersion(left);
    return 0;
  }
  const a = parseVersion(left);
  const b = parseVersion(right);
  const order = a.epoch - b.epoch || comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

/** dpkg's verrevcmp(): runs of non-digits by `weight`, runs of digits as numbers of any length, in turn. */
function comparePart(left: string, right: string): number {
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    while ((i < left.length && !isDigit(left.charCodeAt(i))) || (j < right.length && !isDigit(right.charCodeAt(j)))) {
      const difference = weight(left, i) - weight(right, j);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    while (left.charCodeAt(i) === 48) i++;
    while (right.charCodeAt(j) === 48) j++;
    let first = 0;
    while (isDigit(left.charCodeAt(i)) && isDigit(right.charCodeAt(j))) {
      if (first === 0) first = left.charCodeAt(i) - right.charCodeAt(j);
      i++;
      j++;
    }
    if (isDigit(left.charCodeAt(i))) return 1;
    if (isDigit(right.charCodeAt(j))) return -1;
    if (first !== 0) return first;
  }
  return 0;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** A tilde sorts before the end of the part, the end (or a digit) before letters, letters before everything else. */
function weight(text: string, index: number): number {
  if (index >= text.length) return 0;
  const code = text.charCodeAt(index);
  if (isDigit(code)) return 0;
  if (code === 126) return -1;
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) ? code : code + 256;
}
