import { parseDeb822, type Stanza } from '../control/deb822.ts';
import { decompress, type Compression } from '../codec/decompress.ts';
import { debianErrors } from '../errors.ts';
import { listAr, type ArMember } from './ar.ts';
import { fileSource, memorySource, type ByteSource } from './bytes.ts';
import { defaultDebLimits, type DebLimits } from './limits.ts';
import { readTar, type TarEntry } from './tar.ts';

export interface Deb {
  /** The fields of `control`, names as written. */
  readonly control: Stanza;
  /** The files of control.tar by name (`control`, `md5sums`, `conffiles`, `postinst`, …). */
  readonly controlFiles: ReadonlyMap<string, Uint8Array>;
  /** The entries of data.tar in order. May be read once; reading to the end, or leaving early, closes the file. */
  readonly entries: AsyncIterable<TarEntry>;
  /** Needed only where `entries` is not read. */
  close(): Promise<void>;
}

const endings: Readonly<Record<string, Compression>> = { '': 'none', '.gz': 'gz', '.xz': 'xz', '.zst': 'zst' };

/**
 * Reads a binary package (deb(5), format 2.x) that a stranger may have written: the ar archive, control.tar at once,
 * data.tar as it is asked for; each plain or compressed by gzip, xz or zstd. Every size is bounded by `limits`, nothing
 * is written anywhere. Who calls has checked the hash: the bytes may be hostile all the same.
 */
export async function readDeb(deb: string | Uint8Array, limits: Partial<DebLimits> = {}): Promise<Deb> {
  const bounds = { ...defaultDebLimits, ...limits };
  const what = typeof deb === 'string' ? (deb.split('/').at(-1) as string) : 'the .deb';
  const source = typeof deb === 'string' ? await fileSource(deb) : memorySource(deb);
  try {
    if (source.size > bounds.archive)
      throw debianErrors.error('DEBIAN_LIMIT', `${what} has ${source.size} bytes; the limit is ${bounds.archive}`);
    const { control, data } = await membersOf(source, what);
    const controlFiles = await readControl(source, control, bounds, what);
    return {
      control: parseControl(controlFiles, what),
      controlFiles,
      entries: entriesOf(source, data, bounds, what),
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

interface TarMember extends ArMember {
  readonly compression: Compression;
}

/** debian-binary, control.tar, data.tar in this order; other members are passed over, a second one of these is not. */
async function membersOf(source: ByteSource, what: string): Promise<{ control: TarMember; data: TarMember }> {
  const invalid = (why: string) => debianErrors.error('DEBIAN_AR_INVALID', `${what}: ${why}`);
  const members = await listAr(source, what);
  const [version, ...rest] = members.filter(({ name }) => /^(?:debian-binary|(?:control|data)\.tar)/.test(name));
  if (version === undefined || version !== members[0] || version.name !== 'debian-binary')
    throw invalid('its first member is not debian-binary');
  const text = Buffer.from(await source.read(version.start, Math.min(version.size, 16))).toString('latin1');
  if (!/^2\.[0-9]+\n/.test(text)) throw invalid(`its format is ${JSON.stringify(text)}, not 2.x`);
  const [control, data, extra] = rest;
  if (control === undefined || data === undefined || extra !== undefined)
    throw invalid('it does not have one control.tar and one data.tar');
  return { control: tarMember(control, 'control.tar', invalid), data: tarMember(data, 'data.tar', invalid) };
}

function tarMember(member: ArMember, stem: string, invalid: (why: string) => Error): TarMember {
  const compression = member.name.startsWith(stem) ? endings[member.name.slice(stem.length)] : undefined;
  if (compression === undefined) throw invalid(`where ${stem} should be there is ${member.name}`);
  return { ...member, compression };
}

async function readControl(source: ByteSource, member: TarMember, bounds: DebLimits, what: string): Promise<Map<string, Uint8Array>> {
  const label = `control.tar of ${what}`;
  const stream = decompress(source.stream(member.start, member.size), member.compression, bounds.control, label);
  const files = new Map<string, Uint8Array>();
  for await (const entry of readTar(stream, bounds, label)) {
    if (entry.path === '.' && entry.type === 'directory') continue;
    if (entry.type !== 'file' || entry.path.includes('/')) {
      throw debianErrors.error('DEBIAN_TAR_UNSUPPORTED', `${label}: ${entry.path} is not a plain file at the top`);
    }
    if (files.has(entry.path)) throw debianErrors.error('DEBIAN_TAR_INVALID', `${label}: ${entry.path} is there twice`);
    files.set(entry.path, entry.content as Uint8Array);
  }
  return files;
}

function parseControl(files: ReadonlyMap<string, Uint8Array>, what: string): Stanza {
  const bytes = files.get('control');
  const stanzas = bytes === undefined ? [] : parseDeb822(Buffer.from(bytes).toString('utf8'), { what: `control of ${what}` });
  const [control] = stanzas;
  if (control === undefined || stanzas.length !== 1)
    throw debianErrors.error('DEBIAN_CONTROL_INVALID', `${what} has no control file of one stanza`);
  for (const name of ['Package', 'Version', 'Architecture']) {
    if (!control[name]) throw debianErrors.error('DEBIAN_CONTROL_INVALID', `the control file of ${what} has no ${name}`);
  }
  return control;
}

async function* entriesOf(
  source: ByteSource,
  member: TarMember,
  bounds: DebLimits,
  what: string,
): AsyncGenerator<TarEntry, void, undefined> {
  const label = `data.tar of ${what}`;
  try {
    yield* readTar(decompress(source.stream(member.start, member.size), member.compression, bounds.data, label), bounds, label);
  } finally {
    await source.close();
  }
}
