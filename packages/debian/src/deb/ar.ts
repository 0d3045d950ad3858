import { debianErrors } from '../errors.ts';
import type { ByteSource } from './bytes.ts';

export interface ArMember {
  readonly name: string;
  /** Where its data begin in the file, and how many bytes they are. */
  readonly start: number;
  readonly size: number;
}

const magic = '!<arch>\n';

/**
 * Lists the members of an ar archive as deb(5) has them: names of at most 16 characters, no BSD or GNU long-name
 * tables. Every size is checked against the file's. Throws DEBIAN_AR_INVALID; reads headers only.
 */
export async function listAr(source: ByteSource, what: string): Promise<ArMember[]> {
  const invalid = (why: string) => debianErrors.error('DEBIAN_AR_INVALID', `${what}: ${why}`);
  if (source.size < magic.length || latin(await source.read(0, magic.length)) !== magic)
    throw invalid('it does not begin as an ar archive');
  const members: ArMember[] = [];
  let position = magic.length;
  while (position < source.size) {
    if (members.length === 16) throw invalid('more than 16 members');
    if (position + 60 > source.size) throw invalid('truncated within a member’s header');
    const header = latin(await source.read(position, 60));
    if (header.slice(58) !== '`\n') throw invalid(`no member header at byte ${position}`);
    const name = header.slice(0, 16).trimEnd().replace(/\/$/, '');
    const digits = header.slice(48, 58).trimEnd();
    if (!/^[A-Za-z0-9._+-]+$/.test(name)) throw invalid(`a member has the name ${JSON.stringify(name)}`);
    if (!/^[0-9]+$/.test(digits)) throw invalid(`member ${name} has no size`);
    const size = Number(digits);
    const start = position + 60;
    if (start + size > source.size) throw invalid(`member ${name} says ${size} bytes, but only ${source.size - start} are there`);
    members.push({ name, start, size });
    position = start + size + (size % 2);
    if (size % 2 === 1 && position <= source.size && latin(await source.read(position - 1, 1)) !== '\n') {
      throw invalid(`member ${name} is not padded by a newline`);
    }
  }
  return members;
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
