import { field, parseDeb822 } from '../control/deb822.ts';
import { debianErrors } from '../errors.ts';

/** What the signed text of an InRelease file says (deb822; the archive's repository format). */
export interface Release {
  readonly origin: string;
  readonly label: string;
  readonly suite: string;
  readonly codename: string;
  readonly date: Date;
  readonly validUntil?: Date;
  readonly acquireByHash: boolean;
  readonly architectures: readonly string[];
  readonly components: readonly string[];
  /** Packages of `Architecture: all` are repeated in every other architecture's index. */
  readonly allIncluded: boolean;
  /** By path relative to `dists/SUITE/`. */
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly size: number }>;
}

/** Parses the signed text. Only its SHA256 table is used. Throws DEBIAN_INRELEASE_INVALID, DEBIAN_RELEASE_TIME. */
export function parseRelease(text: string, what = 'InRelease'): Release {
  const invalid = (why: string) => debianErrors.error('DEBIAN_INRELEASE_INVALID', `${what}: ${why}`);
  const stanzas = parseDeb822(text, { what });
  const [stanza] = stanzas;
  if (stanza === undefined || stanzas.length !== 1) throw invalid('it is not one stanza');
  const words = (name: string) => (field(stanza, name) ?? '').split(/\s+/).filter((word) => word !== '');
  const date = time(field(stanza, 'Date'));
  if (date === undefined) throw debianErrors.error('DEBIAN_RELEASE_TIME', `${what} has no Date that can be read`);
  const validText = field(stanza, 'Valid-Until');
  const validUntil = time(validText);
  if (validText !== undefined && validUntil === undefined)
    throw debianErrors.error('DEBIAN_RELEASE_TIME', `${what} has a Valid-Until that cannot be read`);
  const architectures = words('Architectures');
  return {
    origin: field(stanza, 'Origin') ?? '',
    label: field(stanza, 'Label') ?? '',
    suite: field(stanza, 'Suite') ?? '',
    codename: field(stanza, 'Codename') ?? '',
    date,
    ...(validUntil === undefined ? {} : { validUntil }),
    acquireByHash: field(stanza, 'Acquire-By-Hash') === 'yes',
    architectures,
    components: words('Components'),
    allIncluded: !architectures.includes('all') || words('No-Support-for-Architecture-all').includes('Packages'),
    files: table(field(stanza, 'SHA256') ?? '', invalid),
  };
}

function table(text: string, invalid: (why: string) => Error): Map<string, { sha256: string; size: number }> {
  const files = new Map<string, { sha256: string; size: number }>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const match = /^\s*([0-9a-f]{64})\s+([0-9]{1,15})\s+(\S+)\s*$/.exec(line);
    if (match === null) throw invalid(`a line of its SHA256 table is malformed: ${JSON.stringify(line.slice(0, 200))}`);
    const [, sha256, size, path] = match as unknown as [string, string, string, string];
    const known = files.get(path);
    if (known !== undefined && known.sha256 !== sha256) throw invalid(`its SHA256 table has ${path} twice, with different hashes`);
    files.set(path, { sha256, size: Number(size) });
  }
  if (files.size === 0) throw invalid('it has no SHA256 table');
  return files;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sat, 21 Nov 2026 09:15:44 UTC` (RFC 5322 with UTC, GMT or +0000), whatever the locale and time zone here. */
function time(text: string | undefined): Date | undefined {
  const match = /^(?:[A-Z][a-z]{2}, )?([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:UTC|GMT|Z|\+0000)$/.exec(
    text ?? '',
  );
  if (match === null) return undefined;
  const [, day, monthName, year, hour, minute, second] = match as unknown as string[];
  const month = months.indexOf(monthName as string);
  if (month < 0) return undefined;
  const date = new Date(Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second)));
  return date.getUTCDate() === Number(day) && date.getUTCHours() === Number(hour) ? date : undefined;
}

const tolerance = 24 * 3600 * 1000;

/**
 * Checks that a suite is the one that was asked for and was valid at `at`: a mirror may serve another suite's file, or
 * hold back an old one. Throws DEBIAN_RELEASE_MISMATCH, DEBIAN_RELEASE_EXPIRED, DEBIAN_RELEASE_TIME.
 */
export function checkRelease(
  release: Release,
  expected: { suite: string; components: readonly string[]; architecture: string; at: Date; notBefore?: Date },
): void {
  const { suite, components, architecture, at, notBefore } = expected;
  const asked = suite.replace(/\/updates$/, '');
  const mismatch = (why: string) => debianErrors.error('DEBIAN_RELEASE_MISMATCH', `suite ${suite}: ${why}`);
  if (asked !== release.codename && asked !== release.suite) throw mismatch(`the signed file is of ${release.codename} (${release.suite})`);
  if (!release.architectures.includes(architecture)) throw mismatch(`it has no architecture ${architecture}`);
  for (const component of components) {
    const has = release.components.some((other) => other === component || other === `updates/${component}`);
    if (!has) throw mismatch(`it has no component ${component}`);
  }
  if (release.date.getTime() > at.getTime() + tolerance) {
    throw debianErrors.error('DEBIAN_RELEASE_TIME', `suite ${suite} is dated ${release.date.toISOString()}, after ${at.toISOString()}`);
  }
  if (release.validUntil !== undefined && release.validUntil < at) {
    throw debianErrors.error(
      'DEBIAN_RELEASE_EXPIRED',
      `suite ${suite} was valid until ${release.validUntil.toISOString()}, which is before ${at.toISOString()}`,
    );
  }
  if (notBefore !== undefined && release.date < notBefore) {
    throw debianErrors.error(
      'DEBIAN_RELEASE_TIME',
      `suite ${suite} is dated ${release.date.toISOString()}: older than ${notBefore.toISOString()}, which was locked before`,
    );
  }
}
