import { safeArchivePath } from '../deb/path.ts';
import { debianErrors } from '../errors.ts';
import { columns } from '../archive/packages-parser.ts';
import { compareVersions } from '../version/compare.ts';
import { parseRelations, type Relation } from '../version/relation.ts';

/** One version of a package in one suite. Relationship fields are as in the index. */
export interface PackageRecord {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly multiArch: string;
  readonly essential: boolean;
  readonly priority: string;
  /** Name and version of the source package; equal to the binary's where the index names none. */
  readonly source: string;
  readonly sourceVersion: string;
  readonly suite: string;
  readonly component: string;
  /** Relative to the archive's root: `pool/…`. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly preDepends: string;
  readonly depends: string;
  readonly provides: string;
  readonly conflicts: string;
  readonly breaks: string;
}

/** A package index in compact form with the suite that it is of; suites come in the request's order. */
export interface UniverseIndex {
  readonly suite: string;
  readonly component: string;
  readonly compact: Uint8Array;
}

/** All packages that may be chosen for one architecture. Lines are parsed when they are asked for. */
export interface Universe {
  readonly architecture: string;
  readonly size: number;
  /** Highest version first; of equal versions the one of the earlier suite. */
  versions(name: string): readonly PackageRecord[];
  /** Records with `Provides: name`, of any package and version. */
  providers(name: string): readonly { readonly record: PackageRecord; readonly relation: Relation }[];
}

const at = (name: (typeof columns)[number]) => columns.indexOf(name);

export function createUniverse(architecture: string, indices: readonly UniverseIndex[]): Universe {
  const byName = new Map<string, number[]>();
  const providing = new Map<string, number[]>();
  const texts = indices.map(({ compact }) => Buffer.from(compact.buffer, compact.byteOffset, compact.byteLength).toString('latin1'));
  // A line is known by one number: its offset times the number of indices, plus which index.
  const add = (map: Map<string, number[]>, name: string, line: number) => {
    const known = map.get(name);
    if (known === undefined) map.set(name, [line]);
    else known.push(line);
  };
  let size = 0;
  for (const [which, text] of texts.entries()) {
    for (let start = 0; start < text.length;) {
      const tab = text.indexOf('\t', start);
      const line = start * texts.length + which;
      add(byName, text.slice(start, tab), line);
      const provides = text.slice(tab + 1, text.indexOf('\t', tab + 1));
      if (provides !== '') for (const part of provides.split(',')) add(providing, nameOf(part), line);
      size++;
      start = text.indexOf('\n', start) + 1;
    }
  }
  const cache = new Map<number, PackageRecord>();
  const recordAt = (line: number): PackageRecord => {
    const known = cache.get(line);
    if (known !== undefined) return known;
    const which = line % texts.length;
    const text = texts[which] as string;
    const start = (line - which) / texts.length;
    const record = parseLine(text.slice(start, text.indexOf('\n', start)), indices[which] as UniverseIndex, architecture);
    cache.set(line, record);
    return record;
  };
  return {
    architecture,
    size,
    versions: (name) => (byName.get(name) ?? []).map(recordAt).sort((left, right) => compareVersions(right.version, left.version)),
    providers: (name) =>
      [...new Set(providing.get(name) ?? [])]
        .map(recordAt)
        .flatMap((record) =>
          parseRelations(record.provides).flatMap(([relation]) => (relation?.name === name ? [{ record, relation }] : [])),
        ),
  };
}

function nameOf(part: string): string {
  return /^\s*([^\s:(]+)/.exec(part)?.[1] ?? '';
}

function parseLine(line: string, index: UniverseIndex, architecture: string): PackageRecord {
  const values = line.split('\t');
  const value = (name: (typeof columns)[number]) => values[at(name)] ?? '';
  const name = value('Package');
  const invalid = (why: string) =>
    debianErrors.error('DEBIAN_INDEX_INVALID', `package ${JSON.stringify(name)} of ${index.suite} has ${why}`);
  if (!/^[a-z0-9][a-z0-9+.-]*$/.test(name)) throw invalid('a name that is none');
  if (!/^[0-9a-f]{64}$/.test(value('SHA256'))) throw invalid('a SHA256 that is none');
  if (!/^[0-9]{1,15}$/.test(value('Size'))) throw invalid('a Size that is none');
  if (value('Architecture') !== 'all' && value('Architecture') !== architecture) throw invalid(`architecture ${value('Architecture')}`);
  const source = /^(\S+)(?: \((\S+)\))?$/.exec(value('Source'));
  return {
    name,
    version: value('Version'),
    architecture: value('Architecture'),
    multiArch: value('Multi-Arch') || 'no',
    essential: value('Essential') === 'yes',
    priority: value('Priority') || 'optional',
    source: source?.[1] ?? name,
    sourceVersion: source?.[2] ?? value('Version'),
    suite: index.suite,
    component: index.component,
    path: safeArchivePath(value('Filename').replace(/^\.\//, '')),
    size: Number(value('Size')),
    sha256: value('SHA256'),
    preDepends: value('Pre-Depends'),
    depends: value('Depends'),
    provides: value('Provides'),
    conflicts: value('Conflicts'),
    breaks: value('Breaks'),
  };
}
