import { debianErrors } from '../errors.ts';
import { compareVersions, parseVersion } from '../version/compare.ts';
import type { PackageRecord, Universe } from './universe.ts';

/** Holds a package, or with `*` every package, to a suite or a version. The last pin that names a package counts. */
export interface Pin {
  readonly package: string;
  readonly suite?: string;
  readonly version?: string;
}

export interface ResolveRequest {
  /** `name`, `name=version` or `name/suite`, as apt-get(8) has them. */
  readonly packages: readonly string[];
  readonly pins?: readonly Pin[];
}

export interface Requested {
  readonly name: string;
  readonly pin?: Pin;
}

/** Throws DEBIAN_REQUEST_INVALID. */
export function parseRequested(text: string): Requested {
  const match = /^([a-z0-9][a-z0-9+.-]*)(?:=(\S+)|\/([a-zA-Z0-9][a-zA-Z0-9./_-]*))?$/.exec(text);
  if (match === null) throw debianErrors.error('DEBIAN_REQUEST_INVALID', `not a package: ${JSON.stringify(text.slice(0, 200))}`);
  const [, name, version, suite] = match as unknown as [string, string, string?, string?];
  if (version !== undefined) parseVersion(version);
  if (version === undefined && suite === undefined) return { name };
  return { name, pin: { package: name, ...(version === undefined ? {} : { version }), ...(suite === undefined ? {} : { suite }) } };
}

/** Chooses the one version of each package that may be used: the pinned one, else the highest of all suites. */
export function createCandidates(universe: Universe, request: ResolveRequest): (name: string) => PackageRecord | undefined {
  const pins = [...(request.pins ?? []), ...request.packages.map(parseRequested).flatMap(({ pin }) => (pin === undefined ? [] : [pin]))];
  const special = new Map<string, Pin>();
  let general: Pin | undefined;
  for (const pin of pins) {
    if (pin.package === '*') general = pin;
    else special.set(pin.package, pin);
  }
  const chosen = new Map<string, PackageRecord | undefined>();
  return (name) => {
    if (!chosen.has(name)) chosen.set(name, choose(universe.versions(name), special.get(name), general));
    return chosen.get(name);
  };
}

/** A pin on the package itself is an order, one on `*` a preference for the packages that its suite has. */
function choose(versions: readonly PackageRecord[], special: Pin | undefined, general: Pin | undefined): PackageRecord | undefined {
  const matches = (pin: Pin) => (record: PackageRecord) =>
    (pin.suite === undefined || record.suite === pin.suite) &&
    (pin.version === undefined || compareVersions(record.version, pin.version) === 0);
  if (special !== undefined) return versions.find(matches(special));
  return (general === undefined ? undefined : versions.find(matches(general))) ?? versions[0];
}
