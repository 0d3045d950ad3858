import { debianErrors } from '../errors.ts';

/**
 * The columns of the compact form of a package index, in order, a tab between; one line a package. Values are as in
 * the index, white space folded; empty where the package has no such field.
 */
export const columns = [
  'Package',
  'Provides',
  'Version',
  'Architecture',
  'Multi-Arch',
  'Essential',
  'Priority',
  'Source',
  'Filename',
  'Size',
  'SHA256',
  'Pre-Depends',
  'Depends',
  'Conflicts',
  'Breaks',
] as const;

/** Raise it when the compact form changes: cached ones of another version are not read. */
export const compactVersion = 1;

const wanted = new Map<string, number>(columns.map((name, index) => [name.toLowerCase(), index]));
const required = ['Package', 'Version', 'Architecture', 'Filename', 'Size', 'SHA256'] as const;

/** Turns a package index (deb822) into its compact form, chunk by chunk. */
export interface PackagesParser {
  push(chunk: Uint8Array): void;
  /** The compact form, ASCII, and the number of packages. */
  finish(): { compact: Buffer; count: number };
}

/**
 * Parses a `Packages` file as it comes; holds the compact form (about a third of the index) and one chunk. The index is
 * signed, but by a key that an attacker may have: fields twice, missing ones and bytes beyond ASCII in a field that is
 * used throw DEBIAN_INDEX_INVALID.
 */
export function createPackagesParser(what: string): PackagesParser {
  const lines: string[] = [];
  const blocks: Buffer[] = [];
  let values: (string | undefined)[] = [];
  let started = false;
  let current = -1;
  let carry = '';
  let count = 0;
  const invalid = (why: string) => debianErrors.error('DEBIAN_INDEX_INVALID', `${what}: ${why}`);

  const endStanza = () => {
    if (!started) return;
    for (const name of required) {
      if (!values[wanted.get(name.toLowerCase()) as number]) throw invalid(`a package${values[0] ? ` (${values[0]})` : ''} has no ${name}`);
    }
    let line = '';
    for (let index = 0; index < columns.length; index++) line += (index === 0 ? '' : '\t') + (values[index] ?? '');
    // oxlint-disable-next-line no-control-regex
    if (/[^\t\x20-\x7e]/.test(line)) throw invalid(`package ${JSON.stringify(values[0])} has a field with characters beyond ASCII`);
    lines.push(line);
    count++;
    if (lines.length === 4096) flush();
    values = [];
    started = false;
    current = -1;
  };
  const flush = () => {
    if (lines.length === 0) return;
    blocks.push(Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
    lines.length = 0;
  };
  const line = (text: string, start: number, end: number) => {
    const stop = end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    if (stop === start) return endStanza();
    const first = text.charCodeAt(start);
    if (first === 32 || first === 9) {
      if (!started) throw invalid('a continuation line without a field');
      if (current >= 0) values[current] = `${values[current]} ${fold(text.slice(start, stop))}`;
      return;
    }
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon >= stop) throw invalid('a line that is not a field');
    started = true;
    current = wanted.get(text.slice(start, colon).toLowerCase()) ?? -1;
    if (current < 0) return;
    if (values[current] !== undefined) throw invalid(`a package has ${columns[current]} twice`);
    values[current] = fold(text.slice(colon + 1, stop));
  };

  return {
    push(chunk) {
      // Latin-1 is a copy, not a decoding: the fields that matter are ASCII, and it is checked above that they are.
      const text = carry + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
      let start = 0;
      for (;;) {
        const end = text.indexOf('\n', start);
        if (end < 0) break;
        line(text, start, end);
        start = end + 1;
      }
      carry = text.slice(start);
      if (carry.length > 4 * 2 ** 20) throw invalid('a line of more than 4 MiB');
    },
    finish() {
      if (carry !== '') line(carry, 0, carry.length);
      endStanza();
      flush();
      return { compact: Buffer.concat(blocks), count };
    },
  };
}

function fold(text: string): string {
  return text.replace(/[\t\r ]+/g, ' ').trim();
}
