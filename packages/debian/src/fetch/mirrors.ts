import type { Mirrors } from '../archive/apt-sources.ts';
import { safeArchivePath } from '../deb/path.ts';
import { debianErrors } from '../errors.ts';

export type ArchiveName = 'archive' | 'security';

/** The mirrors of one archive, in the order in which they are tried. Throws DEBIAN_MIRROR_MISSING. */
export function mirrorsOf(mirrors: Mirrors, archive: ArchiveName): string[] {
  const value = mirrors[archive] ?? [];
  const list = (typeof value === 'string' ? [value] : [...value]).filter((uri) => uri !== '');
  if (list.length > 0) return list;
  throw debianErrors.error(
    'DEBIAN_MIRROR_MISSING',
    `no mirror of ${archive === 'archive' ? 'the Debian archive' : 'the Debian security archive'} is known`,
  );
}

/** The address of a path below a mirror. The path is checked; `+` is escaped as apt does, for stores that read it as a space. */
export function mirrorUrl(mirror: string, path: string): string {
  return `${mirror.replace(/\/+$/, '')}/${safeArchivePath(path).replaceAll('+', '%2B')}`;
}

/** How a mirror is named in errors and reports: without credentials, path or query. */
export function mirrorName(mirror: string): string {
  try {
    return new URL(mirror).host;
  } catch {
    return 'a mirror whose address is none';
  }
}
