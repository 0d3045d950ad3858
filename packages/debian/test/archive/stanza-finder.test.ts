// deb822(5): what is found without parsing the whole index is what the whole parse would find, and nothing else.
import { describe, expect, it } from 'vitest';
import { createStanzaFinder, type WantedPackage } from '../../src/archive/stanza-finder.ts';

const app: WantedPackage = {
  name: 'app',
  version: '1.0-1',
  architecture: 'amd64',
  path: 'pool/a/app.deb',
  size: 10,
  sha256: 'a'.repeat(64),
};
const lib: WantedPackage = { ...app, name: 'lib', path: 'pool/l/lib.deb', sha256: 'b'.repeat(64) };
const code = (name: string) => expect.objectContaining({ code: name });

function stanza(entry: WantedPackage, changes: Record<string, string | undefined> = {}): string {
  const { name, version, architecture, path, size, sha256 } = entry;
  const fields = { Package: name, Version: version, Architecture: architecture, Filename: path, Size: String(size), SHA256: sha256 };
  return Object.entries({ ...fields, Description: 'a package', ...changes })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}\n`]))
    .join('');
}

/** The stanza as text within a field of another package: each line a continuation. */
const within = (entry: WantedPackage, field: string) =>
  stanza({ ...app, name: 'evil', path: 'pool/e/evil.deb' }, { [field]: `x\n ${stanza(entry).trimEnd().replaceAll('\n', '\n ')}` });

function find(text: string, wanted = [app, lib], chunk = 1e9): string[] {
  const finder = createStanzaFinder(wanted, 'Packages');
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunk) finder.push(bytes.subarray(at, at + chunk));
  finder.finish();
  return wanted.map(({ name }) => name).filter((name) => !finder.missing.has(name));
}

describe('createStanzaFinder', () => {
  it('finds packages wherever the chunks are cut, with and without a last newline', () => {
    const text = [stanza({ ...app, name: 'aaa' }), stanza(app), stanza({ ...app, name: 'app2' }), stanza(lib)].join('\n');
    for (const whole of [text, `${text}\n`, `${text}\n\n\n`, text.trimEnd(), `\n\n${text}`]) {
      for (let chunk = 1; chunk < 40; chunk++) expect(find(whole, [app, lib], chunk)).toEqual(['app', 'lib']);
      expect(find(whole)).toEqual(['app', 'lib']);
    }
  });

  it('tells when nothing more need be read', () => {
    const finder = createStanzaFinder([app], 'Packages');
    finder.push(Buffer.from(stanza(app)));
    expect([...finder.missing]).toEqual(['app']);
    finder.push(Buffer.from('\n'));
    expect([...finder.missing]).toEqual([]);
  });

  it.each(['Description', 'Depends', 'Tag', 'Package'])('is not deceived by a stanza within the field %s of another package', (field) => {
    const text = `${within(app, field)}\n${stanza(lib)}`;
    // A name of several lines is no name: the whole parse joins them, and it is nobody's.
    expect(find(text)).toEqual(['lib']);
  });

  it('nor by a stanza after an empty line of a description, which ends the package for every reader', () => {
    const text = `${stanza({ ...app, name: 'evil' }, { Description: `x\n .\n Package: app\n  Version: 1.0-1` })}\n${stanza(lib)}`;
    expect(find(text)).toEqual(['lib']);
  });

  it.each<[string, string]>([
    ['name', stanza(app, { Package: 'app-x' })],
    ['name that only begins so', stanza(app, { Package: 'app x' })],
    ['version', stanza(app, { Version: '1.0-2' })],
    ['architecture', stanza(app, { Architecture: 'arm64' })],
    ['path', stanza(app, { Filename: 'pool/a/other.deb' })],
    ['size', stanza(app, { Size: '11' })],
    ['hash', stanza(app, { SHA256: 'c'.repeat(64) })],
    ['fields, some of one version and some of the other', `${stanza(app, { SHA256: 'c'.repeat(64) })}\n${stanza(app, { Version: '2' })}`],
  ])('does not take a package with another %s', (_title, text) => {
    expect(find(`${text}\n${stanza(lib)}`)).toEqual(['lib']);
  });

  it('takes one of several versions', () => {
    expect(find(`${stanza(app, { Version: '0.9' })}\n${stanza(app)}`)).toEqual(['app']);
  });

  it('reads stanzas that are laid out otherwise: another order, other case, ./ before the path, lines that end in CR', () => {
    expect(find(stanza(app, { Package: undefined, Origin: 'here', package: 'app' }))).toEqual(['app']);
    expect(find(`Version: 1.0-1\nPackage: app\n${stanza(app, { Package: undefined, Version: undefined })}`)).toEqual(['app']);
    expect(find(stanza(app, { Filename: './pool/a/app.deb' }))).toEqual(['app']);
    expect(find(stanza(app).replaceAll('\n', '\r\n'))).toEqual(['app']);
  });

  it('refuses what the parser refuses of a package that is wanted: a field twice, none at all', () => {
    expect(() => find(`${stanza(app)}SHA256: ${'c'.repeat(64)}\n`)).toThrow(code('DEBIAN_INDEX_INVALID'));
    expect(() => find(stanza(app, { SHA256: undefined }))).toThrow(code('DEBIAN_INDEX_INVALID'));
  });

  it('does not hold a stanza that never ends', () => {
    const finder = createStanzaFinder([app], 'Packages');
    const part = Buffer.from(`${' x'.repeat(500_000)}\n`);
    expect(() => {
      for (let round = 0; round < 6; round++) finder.push(part);
    }).toThrow(code('DEBIAN_INDEX_INVALID'));
  });
});
