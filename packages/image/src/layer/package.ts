import { field, parseDeb822, readDeb, type DebLimits, type Stanza, type TarEntry } from '@colophon/debian';
import { imageErrors } from '../errors.ts';
import { certificateBundle } from '../parts/certificates.ts';
import { directory, file, inOrder, parentOf, type Entry } from '../tar/entry.ts';
import { convertEntries } from './convert.ts';
import type { Links } from './links.ts';
import { isWhole } from './select.ts';
import type { PackageFacts } from './record.ts';

/** How a package becomes a layer. Part of the layer cache's key: whatever changes the bytes is in here. */
export interface PackageOptions {
  readonly use: 'files' | 'certificates';
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Ordered pairs: see `Links`. */
  readonly links: readonly (readonly [string, string])[];
  readonly clamp?: number;
}

/** The package that the lock says this is. */
export interface ExpectedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
}

const scriptNames = new Set(['preinst', 'postinst', 'prerm', 'postrm', 'config', 'triggers']);

/**
 * Reads a .deb (its bytes already checked against the lock, its contents hostile all the same) and gives its layer's
 * entries, with `var/lib/dpkg/status.d/NAME` and `NAME.md5sums` as distroless has them for scanners.
 * `check` is called for each entry; it throws to end the reading.
 */
export async function packageEntries(
  deb: Uint8Array,
  expected: ExpectedPackage,
  options: PackageOptions,
  limits: Partial<DebLimits>,
  check: () => void = () => {},
): Promise<{ entries: Entry[]; facts: PackageFacts }> {
  const what = `${expected.name} ${expected.version}`;
  const { control, controlFiles, entries } = await readDeb(deb, limits);
  mustBe(control, expected, what);
  const source: TarEntry[] = [];
  for await (const entry of entries) {
    check();
    source.push(entry);
  }
  const links: Links = new Map(options.links);
  const { clamp, include, exclude } = options;
  const selection = { ...(include === undefined ? {} : { include }), ...(exclude === undefined ? {} : { exclude }) };
  const converted = convertEntries(
    source,
    { ...(options.use === 'files' ? selection : {}), links, ...(clamp === undefined ? {} : { clamp }) },
    what,
  );
  const chosen = options.use === 'files' ? converted : certificateBundle(converted, expected.name);
  const newest = source.reduce((latest, { mtime }) => Math.max(latest, mtime), 0);
  const status = statusEntries(expected.name, controlFiles, Math.min(newest, clamp ?? newest));
  return {
    entries: withStatus(chosen, status, what),
    facts: factsOf(control, controlFiles, expected, options.use, options.use === 'files' && isWhole(selection)),
  };
}

function mustBe(control: Stanza, expected: ExpectedPackage, what: string): void {
  const found = { name: field(control, 'Package'), version: field(control, 'Version'), architecture: field(control, 'Architecture') };
  for (const key of ['name', 'version', 'architecture'] as const) {
    if (found[key] === expected[key]) continue;
    throw imageErrors.error(
      'IMAGE_PACKAGE_MISMATCH',
      `the file of ${what} says of itself that its ${key} is ${JSON.stringify(found[key])}`,
      {
        details: { expected, found },
      },
    );
  }
}

const statusDirectory = 'var/lib/dpkg/status.d';

function statusEntries(name: string, controlFiles: ReadonlyMap<string, Uint8Array>, mtime: number): Entry[] {
  const sums = controlFiles.get('md5sums');
  return [
    file(`${statusDirectory}/${name}`, controlFiles.get('control') as Uint8Array, { mtime }),
    ...(sums === undefined ? [] : [file(`${statusDirectory}/${name}.md5sums`, sums, { mtime })]),
  ];
}

function withStatus(entries: readonly Entry[], status: readonly Entry[], what: string): Entry[] {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  for (const entry of status) {
    if (all.has(entry.path)) throw imageErrors.error('IMAGE_PATH_CONFLICT', `${what} brings ${entry.path}, which is written for it`);
    for (let above = parentOf(entry.path); above !== '.'; above = parentOf(above)) {
      const known = all.get(above);
      if (known === undefined) all.set(above, directory(above, { mtime: entry.mtime }));
      else if (known.type !== 'directory') throw imageErrors.error('IMAGE_PATH_CONFLICT', `${what}: ${above} is not a directory`);
    }
    all.set(entry.path, entry);
  }
  return inOrder(all.values());
}

/** What an image's `status.d` says of a package whose .deb nobody has. */
export function factsOfStatus(text: string): PackageFacts | undefined {
  const [control] = parseDeb822(text);
  const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map((key) =>
    control === undefined ? undefined : field(control, key),
  );
  if (control === undefined || name === undefined || version === undefined || architecture === undefined) return undefined;
  return factsOf(control, new Map(), { name, version, architecture }, 'files', false);
}

function factsOf(
  control: Stanza,
  files: ReadonlyMap<string, Uint8Array>,
  expected: Omit<ExpectedPackage, 'sha256'>,
  use: 'files' | 'certificates',
  whole: boolean,
): PackageFacts {
  const source = /^(\S+)(?: \((\S+)\))?$/.exec(field(control, 'Source') ?? '');
  const maintainer = field(control, 'Maintainer');
  const homepage = field(control, 'Homepage');
  const summary = field(control, 'Description')?.split('\n', 1)[0];
  return {
    ...expected,
    source: source?.[1] ?? expected.name,
    sourceVersion: source?.[2] ?? expected.version,
    ...(maintainer === undefined ? {} : { maintainer }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(summary === undefined ? {} : { summary }),
    scripts: [...files.keys()].filter((name) => scriptNames.has(name)).sort(),
    use,
    whole,
  };
}
