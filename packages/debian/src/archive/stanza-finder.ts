import { debianErrors } from '../errors.ts';
import { columns, createPackagesParser } from './packages-parser.ts';

/** A package exactly as an index has to list it. */
export interface WantedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Relative to the archive's root. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface StanzaFinder {
  push(chunk: Uint8Array): void;
  finish(): void;
  /** Names of the packages that were not found so far: nothing more need be read when it is empty. */
  readonly missing: ReadonlySet<string>;
}

/** No stanza of Debian has a hundredth of this. */
const longest = 4 * 2 ** 20;
const gap = Buffer.from('\n\n');
const start = Buffer.from('Package: ');
const at = (name: (typeof columns)[number]) => columns.indexOf(name);

/**
 * Finds packages in a `Packages` file as it comes, without parsing the others: a stanza is passed over by its first line
 * alone, where that is the plain name of a package that is not wanted. Every other stanza is parsed as a whole, by the
 * same strict parser that reads whole indices. So what is found is what the whole parse would find: text within a field
 * (continuation lines begin with a space) is never taken for a stanza. Holds one chunk and one stanza.
 */
export function createStanzaFinder(wanted: readonly WantedPackage[], what: string): StanzaFinder {
  const byName = new Map(wanted.map((entry) => [entry.name, entry]));
  const missing = new Set(byName.keys());
  let carry: Buffer = Buffer.alloc(0);

  const read = (stanza: Buffer): void => {
    if (stanza.subarray(0, start.length).equals(start)) {
      const end = stanza.indexOf(0x0a);
      const name = stanza.toString('latin1', start.length, end < 0 ? stanza.length : end);
      if (/^[a-z0-9][a-z0-9+.-]*$/.test(name) && !missing.has(name)) return;
    }
    const parser = createPackagesParser(what);
    parser.push(stanza);
    for (const line of parser.finish().compact.toString('latin1').split('\n')) {
      const values = line.split('\t');
      const entry = byName.get(values[at('Package')] ?? '');
      if (entry !== undefined && isSame(entry, values)) missing.delete(entry.name);
    }
  };

  return {
    missing,
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const data = carry.length === 0 ? bytes : Buffer.concat([carry, bytes]);
      let from = 0;
      for (let end = data.indexOf(gap); end >= 0; end = data.indexOf(gap, from)) {
        read(data.subarray(from, end + 1));
        from = end + gap.length;
      }
      carry = data.subarray(from);
      if (carry.length > longest) throw debianErrors.error('DEBIAN_INDEX_INVALID', `${what}: a package of more than ${longest} bytes`);
    },
    finish() {
      if (carry.length > 0) read(carry);
      carry = Buffer.alloc(0);
    },
  };
}

function isSame(entry: WantedPackage, values: readonly string[]): boolean {
  return (
    values[at('Version')] === entry.version &&
    values[at('Architecture')] === entry.architecture &&
    values[at('Filename')]?.replace(/^\.\//, '') === entry.path &&
    values[at('Size')] === String(entry.size) &&
    values[at('SHA256')] === entry.sha256
  );
}
