import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { field, parseDeb822 } from '../control/deb822.ts';

/** Where an archive can be had: base addresses, tried in turn. `security` is the archive of the `-security` suites. */
export interface Mirrors {
  readonly archive: string | readonly string[];
  readonly security?: string | readonly string[];
}

/** One `deb` line of the machine's apt sources. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/**
 * Mirrors for Debian's archives: those that the environment names (COLOPHON_DEBIAN_MIRROR, COLOPHON_DEBIAN_SECURITY_MIRROR,
 * commas between), else those in the apt sources of this machine, one-line and deb822 (sources.list(5)). Other
 * distributions' and third parties' sources are passed over. May be empty: who fetches throws DEBIAN_MIRROR_MISSING.
 * What is fetched is checked by hash and signature, so a mirror is trusted for nothing but availability.
 */
export function machineMirrors(options: { directory?: string; environment?: Readonly<Record<string, string | undefined>> } = {}): {
  archive: string[];
  security: string[];
} {
  const environment = options.environment ?? process.env;
  const sources = readAptSources(options.directory ?? '/etc/apt');
  const debian = sources.filter(({ suite, components }) => components.includes('main') && isDebianSuite(suite));
  const uris = (security: boolean) =>
    [...new Set(debian.filter(({ suite }) => isSecurity(suite) === security).map(({ uri }) => uri))].sort(
      (left, right) => Number(looksLikeDebian(right)) - Number(looksLikeDebian(left)),
    );
  const configured = (name: string) =>
    (environment[name] ?? '')
      .split(',')
      .map(plainUri)
      .filter((uri) => uri !== '');
  const archive = configured('COLOPHON_DEBIAN_MIRROR');
  const security = configured('COLOPHON_DEBIAN_SECURITY_MIRROR');
  return { archive: archive.length > 0 ? archive : uris(false), security: security.length > 0 ? security : uris(true) };
}

/** Every http(s) source of binary packages that is switched on. */
export function readAptSources(directory: string): AptSource[] {
  const parts = list(join(directory, 'sources.list.d'));
  const files = [join(directory, 'sources.list'), ...parts.map((name) => join(directory, 'sources.list.d', name))];
  return files.flatMap((file) => {
    const text = readText(file);
    if (file.endsWith('.list')) return text.split('\n').flatMap(oneLine);
    return file.endsWith('.sources') ? stanzas(text) : [];
  });
}

function stanzas(text: string): AptSource[] {
  return parseDeb822(text, { what: 'apt sources', comments: true }).flatMap((stanza) => {
    const words = (name: string) => (field(stanza, name) ?? '').split(/\s+/).filter((word) => word !== '');
    if (!words('Types').includes('deb') || /^(?:no|false|off|0)$/i.test(field(stanza, 'Enabled') ?? 'yes')) return [];
    return words('URIs')
      .filter(isHttp)
      .flatMap((uri) => words('Suites').map((suite) => ({ uri: plainUri(uri), suite, components: words('Components') })));
  });
}

function oneLine(line: string): AptSource[] {
  const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line);
  if (match === null) return [];
  const [, uri, suite, components] = match as unknown as [string, string, string, string];
  return isHttp(uri) ? [{ uri: plainUri(uri), suite, components: components.trim().split(/\s+/) }] : [];
}

const codenames = 'buster|bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable';

function isDebianSuite(suite: string): boolean {
  return new RegExp(`^(?:${codenames})(?:-updates|-security|/updates|-backports|-proposed-updates)?$`).test(suite);
}

function isSecurity(suite: string): boolean {
  return /(?:-security|\/updates)$/.test(suite);
}

/** Docker's and others' repositories name Debian's suites too: archives called `debian` are tried first. */
function looksLikeDebian(uri: string): boolean {
  return /\/debian(?:-security)?$/.test(uri);
}

function isHttp(uri: string): boolean {
  return /^https?:\/\//.test(uri);
}

function plainUri(uri: string): string {
  return uri.trim().replace(/\/+$/, '');
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
