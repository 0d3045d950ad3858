// sources.list(5): the one-line and the deb822 format.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineMirrors } from '../../src/archive/apt-sources.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'colophon-apt-'));
  mkdirSync(join(directory, 'sources.list.d'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const put = (name: string, text: string) => writeFileSync(join(directory, name), text);
const mirrors = (environment: Record<string, string> = {}) => machineMirrors({ directory, environment });

describe('apt sources', () => {
  it('reads both formats, in the order of files', () => {
    put(
      'sources.list',
      '# deb http://off.test/debian trixie main\ndeb [arch=amd64 signed-by=/k.gpg] http://one.test/debian/ trixie main contrib # why\ndeb-src http://src.test/debian trixie main\n',
    );
    put(
      'sources.list.d/a.sources',
      '# comment\nTypes: deb deb-src\nURIs: https://two.test/debian http://one.test/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n\nTypes: deb\nURIs: http://sec.test/debian-security\nSuites: bookworm-security\nComponents: main\n',
    );
    expect(mirrors()).toEqual({
      archive: ['http://one.test/debian', 'https://two.test/debian'],
      security: ['http://sec.test/debian-security'],
    });
  });

  it('passes over what is switched off, other kinds of address, other distributions and third parties', () => {
    put(
      'sources.list',
      'deb http://u.test/ubuntu noble main\ndeb cdrom:[x]/ trixie main\ndeb mirror+file:/m trixie main\ndeb http://docker.test/linux/debian bookworm stable\n',
    );
    put('sources.list.d/x.sources', 'Enabled: no\nTypes: deb\nURIs: http://off.test/debian\nSuites: trixie\nComponents: main\n');
    put('sources.list.d/y.sources.disabled', 'Types: deb\nURIs: http://off.test/debian\nSuites: trixie\nComponents: main\n');
    put('sources.list.d/z.list', 'deb http://pg.test/apt bookworm-pgdg main\n');
    expect(mirrors()).toEqual({ archive: [], security: [] });
  });

  it('tries archives that are called debian first', () => {
    put('sources.list', 'deb http://odd.test/apt trixie main\ndeb http://good.test/debian trixie main\n');
    expect(mirrors().archive).toEqual(['http://good.test/debian', 'http://odd.test/apt']);
  });

  it('the environment comes first', () => {
    put('sources.list', 'deb http://one.test/debian trixie main\ndeb http://one.test/debian-security trixie-security main\n');
    expect(mirrors({ COLOPHON_DEBIAN_MIRROR: 'http://a.test/debian/, http://b.test/debian' })).toEqual({
      archive: ['http://a.test/debian', 'http://b.test/debian'],
      security: ['http://one.test/debian-security'],
    });
  });
});
