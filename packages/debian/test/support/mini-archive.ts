// A Debian archive of our own: signed, complete, on loopback, and ready to be broken at any hop.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createCleartextMessage, generateKey, readPrivateKey, type PrivateKey } from 'openpgp';
import { deb, tar } from './tar.ts';
import { compressXz } from './xz.ts';

export interface TestKey {
  readonly private: PrivateKey;
  readonly public: string;
  readonly fingerprint: string;
}

/** `expires`: seconds after `made`. */
export async function testKey(name: string, made = new Date('2026-01-01T00:00:00Z'), expires = 0): Promise<TestKey> {
  const pair = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name }],
    date: made,
    keyExpirationTime: expires,
    format: 'armored',
  });
  const key = await readPrivateKey({ armoredKey: pair.privateKey });
  return { private: key, public: pair.publicKey, fingerprint: key.getFingerprint().toUpperCase() };
}

export async function clearsign(text: string, keys: readonly TestKey[], date: Date): Promise<string> {
  const { sign } = await import('openpgp');
  return sign({ message: await createCleartextMessage({ text }), signingKeys: keys.map((key) => key.private), date });
}

export const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');

export interface TestPackage {
  name: string;
  version?: string;
  fields?: Record<string, string>;
  files?: Record<string, string>;
  /** Replaces the .deb. */
  bytes?: Buffer;
}

export interface SuiteOptions {
  name: string;
  packages: readonly TestPackage[];
  keys: readonly TestKey[];
  date?: Date;
  signedAt?: Date;
  fields?: Record<string, string | undefined>;
  /** Change the plain index before it is hashed, or after. */
  editIndex?: (text: string) => string;
  /** The compressed forms of the index; default xz alone. */
  forms?: readonly ('xz' | 'gz')[];
}

export const suiteDate = new Date('2026-11-20T12:00:00Z');

export function debOf({ name, version = '1.0-1', files = {}, bytes }: TestPackage): Buffer {
  if (bytes !== undefined) return bytes;
  const control = tar([{ name: './control', content: `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\n` }]);
  const data = tar(Object.entries(files).map(([path, content]) => ({ name: `./${path}`, content })));
  return deb(compressXz(data), { control: gzipSync(control), controlName: 'control.tar.gz', dataName: 'data.tar.xz' });
}

export function poolPath({ name, version = '1.0-1' }: TestPackage): string {
  return `pool/main/${name[0]}/${name}/${name}_${version.replace(/^[0-9]+:/, '')}_amd64.deb`;
}

/** The files of one suite by path. */
export async function suiteFiles(options: SuiteOptions): Promise<Map<string, Buffer>> {
  const { name, packages, keys, date = suiteDate, forms = ['xz'] } = options;
  const files = new Map<string, Buffer>();
  const stanzas = packages.map((entry) => {
    const bytes = debOf(entry);
    files.set(poolPath(entry), bytes);
    const fields = {
      Package: entry.name,
      Version: entry.version ?? '1.0-1',
      Architecture: 'amd64',
      ...entry.fields,
      Description: 'a test package',
    };
    const place = { Filename: poolPath(entry), Size: String(bytes.length), SHA256: sha256(bytes) };
    return Object.entries({ ...fields, ...place })
      .map(([key, value]) => `${key}: ${value}\n`)
      .join('');
  });
  const plainText = stanzas.join('\n');
  const plain = Buffer.from(options.editIndex?.(plainText) ?? plainText);
  const index = `main/binary-amd64/Packages`;
  const root = `dists/${name}`;
  const table = [`\n ${sha256(plain)} ${plain.length} ${index}`];
  for (const form of forms) {
    const packed = form === 'xz' ? compressXz(plain) : gzipSync(plain);
    files.set(`${root}/${index}.${form}`, packed);
    files.set(`${root}/main/binary-amd64/by-hash/SHA256/${sha256(packed)}`, packed);
    table.push(`\n ${sha256(packed)} ${packed.length} ${index}.${form}`);
  }
  const codename = name.replace('/updates', '');
  const fields: Record<string, string | undefined> = {
    Origin: 'Test',
    Label: 'Test',
    Suite: `stable-${codename}`,
    Codename: codename,
    Date: date.toUTCString().replace('GMT', 'UTC'),
    'Acquire-By-Hash': 'yes',
    Architectures: 'amd64',
    Components: 'main',
    SHA256: table.join(''),
    ...options.fields,
  };
  const text = Object.entries(fields)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`.replace(': \n', ':\n')]))
    .join('\n');
  files.set(`${root}/InRelease`, Buffer.from(await clearsign(`${text}\n`, keys, options.signedAt ?? new Date(date.getTime() + 60_000))));
  return files;
}

/** Answers a request itself and returns true, or leaves it to the mirror. */
export type Hook = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

export interface TestMirror {
  readonly url: string;
  /** Paths in the order in which they were asked for, with the range: `pool/… bytes=100-`. */
  readonly requests: string[];
  files: Map<string, Buffer>;
  hook: Hook | undefined;
  close(): Promise<void>;
}

export async function serveMirror(files: Map<string, Buffer>): Promise<TestMirror> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url as string).slice('/debian/'.length));
    const { range } = request.headers;
    mirror.requests.push(range === undefined ? path : `${path} ${range}`);
    if (mirror.hook?.(path, request, response) === true) return;
    const bytes = mirror.files.get(path);
    if (bytes === undefined) return void response.writeHead(404).end();
    const start = range === undefined ? 0 : Number(/^bytes=([0-9]+)-$/.exec(range)?.[1]);
    const head = {
      'content-length': bytes.length - start,
      ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    };
    response.writeHead(range === undefined ? 200 : 206, head).end(bytes.subarray(start));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mirror: TestMirror = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`,
    requests: [],
    files,
    hook: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return mirror;
}
