import { debianErrors } from '../errors.ts';

/** A stanza: field names as written, values with continuation lines joined by newlines, their leading space taken off. */
export type Stanza = Record<string, string>;

/**
 * Parses control data (deb822(5)): stanzas parted by empty lines, `Field: value`, continuation lines that begin with
 * space or tab, comment lines that begin with `#` where `comments` allows them. A repeated field, a line that is
 * neither, or a stray continuation throws DEBIAN_CONTROL_INVALID. Field names are looked up by `field()`: any case.
 */
export function parseDeb822(text: string, options: { what?: string; comments?: boolean } = {}): Stanza[] {
  const what = options.what ?? 'control data';
  const stanzas: Stanza[] = [];
  let stanza: Stanza | undefined;
  let seen = new Set<string>();
  let current = '';
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const invalid = (why: string) => debianErrors.error('DEBIAN_CONTROL_INVALID', `${what}, line ${index + 1}: ${why}`);
    if (line.includes('\0')) throw invalid('a zero byte');
    if (options.comments === true && line.startsWith('#')) continue;
    if (/^[ \t]*$/.test(line)) {
      stanza = undefined;
      continue;
    }
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (stanza === undefined) throw invalid('a continuation line without a field');
      stanza[current] = `${stanza[current]}\n${line.slice(1)}`;
      continue;
    }
    const match = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line);
    const name = match?.[1];
    if (match === null || name === undefined || name.startsWith('#') || name.startsWith('-')) throw invalid('not a field');
    if (stanza === undefined) {
      stanza = Object.create(null) as Stanza;
      seen = new Set();
      stanzas.push(stanza);
    }
    if (seen.has(name.toLowerCase())) throw invalid(`field ${name} is repeated`);
    seen.add(name.toLowerCase());
    stanza[name] = (match[2] as string).trimEnd();
    current = name;
  }
  return stanzas;
}

/** The value of a field whatever the case of its name (deb822(5): names are case-insensitive). */
export function field(stanza: Stanza, name: string): string | undefined {
  const exact = stanza[name];
  if (exact !== undefined) return exact;
  const key = Object.keys(stanza).find((other) => other.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : stanza[key];
}
