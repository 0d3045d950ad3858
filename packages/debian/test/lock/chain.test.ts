// InRelease → Packages → .deb against an archive of our own: whole, and with each hop broken.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyringOf, type Keyring } from '../../src/archive/keyring.ts';
import type { ChainReport } from '../../src/lock/chain.ts';
import { createLock, type CreateLockOptions } from '../../src/lock/create.ts';
import { fetchLocked, type FetchLockedOptions } from '../../src/lock/fetch.ts';
import { formatLock, lockDigest, parseLock, type Lock } from '../../src/lock/schema.ts';
import {
  debOf,
  poolPath,
  serveMirror,
  sha256,
  suiteDate,
  suiteFiles,
  testKey,
  type SuiteOptions,
  type TestKey,
  type TestMirror,
} from '../support/mini-archive.ts';

const packages = [
  { name: 'app', fields: { Depends: 'lib (>= 1.0)' }, files: { 'usr/bin/app': 'app' } },
  { name: 'lib', version: '1:1.2-3', fields: { Source: 'libsource (1.2-3)' }, files: { 'usr/lib/lib.so': 'lib' } },
];
const app = poolPath({ name: 'app' });
const now = new Date('2026-11-24T00:00:00Z');
const code = (name: string) => expect.objectContaining({ code: name });

let good: TestKey;
let other: TestKey;
let keyring: Keyring;
let folder: string;
let mirror: TestMirror;

beforeAll(async () => {
  [good, other] = await Promise.all([testKey('archive'), testKey('stranger')]);
  keyring = await keyringOf([good.public]);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colophon-lock-'));
  mirror = await serveMirror(await suiteFiles(suite()));
});
afterEach(async () => {
  await mirror.close();
  await rm(folder, { recursive: true });
});

function suite(changes: Partial<SuiteOptions> = {}): SuiteOptions {
  return { name: 'demo', packages, keys: [good], ...changes };
}

function lock(changes: Partial<CreateLockOptions> = {}): Promise<Lock> {
  return createLock({
    mirrors: { archive: mirror.url },
    suites: ['demo'],
    packages: ['app'],
    architecture: 'amd64',
    mode: 'closure',
    keyrings: keyring,
    now,
    cache: join(folder, 'cache'),
    rounds: 2,
    backOff: 1,
    ...changes,
  });
}

function fetchIt(made: Lock, changes: Partial<FetchLockedOptions> = {}): Promise<Map<string, string>> {
  return fetchLocked(made, {
    mirrors: { archive: mirror.url },
    cacheDirectory: join(folder, 'fresh'),
    keyrings: keyring,
    now,
    rounds: 2,
    backOff: 1,
    ...changes,
  });
}

async function serve(changes: Partial<SuiteOptions>): Promise<void> {
  mirror.files = await suiteFiles(suite(changes));
}

describe('createLock', () => {
  it('binds signed suite, keys, snapshot and packages, and nothing of the machine', async () => {
    const made = await lock();
    const inRelease = mirror.files.get('dists/demo/InRelease') as Buffer;
    expect(made).toMatchObject({
      version: 1,
      snapshot: '2026-11-20T12:00:00Z',
      request: ['app'],
      suites: [
        {
          name: 'demo',
          archive: 'archive',
          inRelease: { sha256: sha256(inRelease), size: inRelease.length, signedBy: [good.fingerprint] },
        },
      ],
      packages: [
        { name: 'app', version: '1.0-1', path: app, why: ['requested'] },
        { name: 'lib', version: '1:1.2-3', source: 'libsource', sourceVersion: '1.2-3', why: ['app Depends lib (>= 1.0)'] },
      ],
    });
    expect(formatLock(made)).not.toContain('127.0.0.1');
    expect(parseLock(formatLock(made))).toEqual(made);
    expect(lockDigest(parseLock(JSON.stringify(made)))).toBe(lockDigest(made));
  });

  it('is the same at another time, through another mirror, with a warm cache', async () => {
    const first = await lock();
    const second = await serveMirror(mirror.files);
    try {
      expect(await lock({ now: new Date('2026-12-24T00:00:00Z'), mirrors: { archive: second.url } })).toEqual(first);
    } finally {
      await second.close();
    }
  });

  it('asks for indices by hash, and by name where there is no such folder', async () => {
    await lock();
    expect(mirror.requests[1]).toMatch(/^dists\/demo\/main\/binary-amd64\/by-hash\/SHA256\/[0-9a-f]{64}$/);
    for (const path of mirror.files.keys()) if (path.includes('by-hash')) mirror.files.delete(path);
    await lock({ cache: join(folder, 'second') });
    expect(mirror.requests.at(-1)).toBe('dists/demo/main/binary-amd64/Packages.xz');
  });

  it('takes the highest version of several suites, a pinned one before it', async () => {
    const security = await suiteFiles(
      suite({ name: 'demo-security', packages: [{ name: 'lib', version: '1:1.2-3+deb1' }], date: new Date('2026-11-21T00:00:00Z') }),
    );
    mirror.files = new Map([...mirror.files, ...security]);
    const both = { suites: ['demo', 'demo-security'], mirrors: { archive: mirror.url, security: mirror.url } };
    const made = await lock(both);
    expect(made.packages.map(({ name, version, suite: from }) => [name, version, from])).toEqual([
      ['app', '1.0-1', 'demo'],
      ['lib', '1:1.2-3+deb1', 'demo-security'],
    ]);
    expect(made.snapshot).toBe('2026-11-21T00:00:00Z');
    expect(made.suites[1]?.archive).toBe('security');
    const pinned = await lock({ ...both, pins: [{ package: 'lib', suite: 'demo' }] });
    expect(pinned.packages[1]?.version).toBe('1:1.2-3');
  });

  it('goes to the next mirror when one serves a file that does not verify', async () => {
    const bad = await serveMirror(await suiteFiles(suite({ keys: [other] })));
    try {
      expect((await lock({ mirrors: { archive: [bad.url, mirror.url] } })).packages).toHaveLength(2);
      await expect(lock({ mirrors: { archive: [bad.url] } })).rejects.toThrow(code('DEBIAN_SIGNATURE_UNTRUSTED'));
    } finally {
      await bad.close();
    }
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['signed by an unknown key only', () => serve({ keys: [other] }), 'DEBIAN_SIGNATURE_UNTRUSTED'],
    [
      'with one changed byte',
      () => change('dists/demo/InRelease', (text) => text.replace('Label: Test', 'Label: Tast')),
      'DEBIAN_SIGNATURE_UNTRUSTED',
    ],
    [
      'not signed',
      () => change('dists/demo/InRelease', (text) => text.slice(text.indexOf('Origin'), text.indexOf('-----BEGIN PGP SIGNATURE'))),
      'DEBIAN_INRELEASE_INVALID',
    ],
    [
      'of another suite',
      async () =>
        mirror.files.set(
          'dists/demo/InRelease',
          (await suiteFiles(suite({ name: 'elsewhere' }))).get('dists/elsewhere/InRelease') as Buffer,
        ),
      'DEBIAN_RELEASE_MISMATCH',
    ],
    ['without the architecture', () => serve({ fields: { Architectures: 'arm64' } }), 'DEBIAN_RELEASE_MISMATCH'],
    ['without the component', () => serve({ fields: { Components: 'contrib' } }), 'DEBIAN_RELEASE_MISMATCH'],
    ['past its Valid-Until', () => serve({ fields: { 'Valid-Until': 'Mon, 23 Nov 2026 23:59:59 UTC' } }), 'DEBIAN_RELEASE_EXPIRED'],
    ['with a Valid-Until that cannot be read', () => serve({ fields: { 'Valid-Until': 'soon' } }), 'DEBIAN_RELEASE_TIME'],
    ['without a date', () => serve({ fields: { Date: undefined } }), 'DEBIAN_RELEASE_TIME'],
    ['of the future', () => serve({ date: new Date('2026-11-26T00:00:00Z'), signedAt: suiteDate }), 'DEBIAN_RELEASE_TIME'],
    ['without hashes', () => serve({ fields: { SHA256: undefined } }), 'DEBIAN_INRELEASE_INVALID'],
    ['without an index', () => serve({ fields: { SHA256: `\n ${'0'.repeat(64)} 10 main/binary-arm64/Packages` } }), 'DEBIAN_INDEX_MISSING'],
    ['with an index of another hash', () => spoilIndices((bytes) => Buffer.from(bytes).fill(7, 30, 31)), 'DEBIAN_FETCH_FAILED'],
    ['with an index that is too short', () => spoilIndices((bytes) => bytes.subarray(0, -1)), 'DEBIAN_FETCH_FAILED'],
    ['with an index that is too long', () => spoilIndices((bytes) => Buffer.concat([bytes, Buffer.alloc(10)])), 'DEBIAN_FETCH_FAILED'],
    ['whose plain index has another hash', () => serve({ fields: plainLie('0'.repeat(64), 2000) }), 'DEBIAN_HASH_MISMATCH'],
    ['whose plain index is larger than it says: a bomb', () => serve({ fields: plainLie('0'.repeat(64), 100) }), 'DEBIAN_LIMIT'],
    ['that says its index is larger than we hold', () => serve({ fields: plainLie('0'.repeat(64), 2 ** 40) }), 'DEBIAN_LIMIT'],
    [
      'with an index that leads outside the archive',
      () => serve({ editIndex: (text) => text.replaceAll('Filename: pool', 'Filename: ../../pool') }),
      'DEBIAN_PATH_UNSAFE',
    ],
    ['with an index that lacks a hash', () => serve({ editIndex: (text) => text.replaceAll(/SHA256: .*\n/g, '') }), 'DEBIAN_INDEX_INVALID'],
  ])('refuses a suite %s', async (_title, spoil, expected) => {
    await spoil();
    await expect(lock()).rejects.toThrow(code(expected));
  });

  it('refuses a suite older than the lock that is replaced', async () => {
    const made = await lock();
    await serve({ date: new Date('2026-11-19T00:00:00Z') });
    await expect(lock({ previous: made, cache: join(folder, 'second') })).rejects.toThrow(code('DEBIAN_RELEASE_TIME'));
    expect(await lock({ cache: join(folder, 'second') })).toMatchObject({ snapshot: '2026-11-19T00:00:00Z' });
  });

  it('refuses conflicts, and in closure mode unmet dependencies', async () => {
    await serve({
      packages: [...packages, { name: 'foe', fields: { Breaks: 'lib (<< 2:0)' } }, { name: 'poor', fields: { Depends: 'nowhere' } }],
    });
    await expect(lock({ packages: ['app', 'foe'] })).rejects.toThrow(code('DEBIAN_CONFLICT'));
    await expect(lock({ packages: ['poor'] })).rejects.toThrow(code('DEBIAN_UNMET'));
    const made = await lock({ packages: ['poor', 'app'], mode: 'explicit' });
    expect(made.packages.map(({ name, unmet }) => [name, unmet])).toEqual([
      ['app', ['Depends lib (>= 1.0)']],
      ['poor', ['Depends nowhere']],
    ]);
    await expect(lock({ packages: ['missing'] })).rejects.toThrow(code('DEBIAN_PACKAGE_UNKNOWN'));
  });
});

describe('fetchLocked', () => {
  it('fetches, shows the chain, and neither again', async () => {
    const made = await lock();
    let report: ChainReport | undefined;
    const files = await fetchIt(made, { onChain: (told) => (report = told) });
    expect(report).toMatchObject({
      level: 'pinned',
      packages: { app: 'pinned', lib: 'pinned' },
      suites: [{ signedBy: [good.fingerprint] }],
    });
    expect(await readFile(files.get(made.packages[0]?.sha256 as string) as string)).toEqual(debOf(packages[0] as { name: string }));
    mirror.requests.length = 0;
    expect(await fetchIt(made, { onChain: (told) => (report = told) })).toEqual(files);
    expect(report?.level).toBe('pinned');
    expect(mirror.requests).toEqual([]);
  });

  it('fetches a damaged cached package again', async () => {
    const made = await lock();
    const [path] = [...(await fetchIt(made)).values()] as [string];
    const bytes = await readFile(path);
    await rm(path);
    await writeFile(path, Buffer.alloc(bytes.length));
    await fetchIt(made);
    expect(await readFile(path)).toEqual(bytes);
  });

  it('a suite that has moved on: what it still lists is vouched for by its present signature, the rest by the lock', async () => {
    const made = await lock();
    const pool = mirror.files;
    await serve({
      packages: [{ name: 'app', version: '2.0-1', fields: { Depends: 'lib' } }, packages[1] as (typeof packages)[0]],
      date: new Date('2026-11-22T00:00:00Z'),
    });
    for (const [path, bytes] of pool) if (path.startsWith('pool/')) mirror.files.set(path, bytes);
    let report: ChainReport | undefined;
    const files = await fetchIt(made, { onChain: (told) => (report = told) });
    expect(files.size).toBe(2);
    expect(report).toMatchObject({ level: 'lock', packages: { app: 'lock', lib: 'listed' } });
    await expect(fetchIt(made, { chain: 'listed' })).rejects.toThrow(code('DEBIAN_CHAIN_UNPROVEN'));
    // The cache in which the lock was made still has the suite as it was.
    await fetchIt(made, { cacheDirectory: join(folder, 'cache'), chain: 'pinned', onChain: (told) => (report = told) });
    expect(report?.level).toBe('pinned');
  });

  it('judges Valid-Until and keys at the lock’s time, not today', async () => {
    const short = await testKey('short-lived', new Date('2026-11-01T00:00:00Z'), 25 * 86_400);
    const ring = await keyringOf([short.public]);
    await serve({ keys: [short], fields: { 'Valid-Until': 'Wed, 25 Nov 2026 00:00:00 UTC' } });
    const made = await lock({ keyrings: ring });
    await fetchIt(made, { keyrings: ring, chain: 'pinned', now: new Date('2028-01-01T00:00:00Z') });
    await expect(lock({ keyrings: ring, now: new Date('2028-01-01T00:00:00Z') })).rejects.toThrow(code('DEBIAN_SIGNATURE_UNTRUSTED'));
  });

  it.each<[string, (made: Lock) => unknown]>([
    [
      'a package that the signed index does not list so',
      (made) => {
        mirror.files.set(app, Buffer.from('evil'));
        Object.assign(made.packages[0] as object, { sha256: sha256('evil'), size: 4 });
      },
    ],
    ['a package that is not in the index', (made) => Object.assign(made.packages[0] as object, { name: 'evil' })],
    [
      'an index that the InRelease does not name',
      (made) => Object.assign(made.suites[0]?.indices[0] as object, { sha256: sha256('evil') }),
    ],
    ['another date', (made) => Object.assign(made.suites[0]?.inRelease as object, { date: '2026-11-20T12:00:01Z' })],
  ])('refuses a forged lock: %s', async (_title, forge) => {
    const made = await lock();
    forge(made);
    await expect(fetchIt(made)).rejects.toThrow(code('DEBIAN_CHAIN_UNPROVEN'));
  });

  it('refuses pinned bytes that no trusted key signed', async () => {
    const made = await lock();
    await expect(fetchIt(made, { keyrings: await keyringOf([other.public]) })).rejects.toThrow(code('DEBIAN_SIGNATURE_UNTRUSTED'));
  });

  it.each([
    ['other bytes of the same size', (bytes: Buffer) => Buffer.alloc(bytes.length, 1)],
    ['fewer bytes', (bytes: Buffer) => bytes.subarray(0, 10)],
    ['more bytes', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ['nothing', () => undefined],
  ] as const)('refuses a .deb with %s', async (_title, spoil) => {
    const made = await lock();
    const bytes = spoil(mirror.files.get(app) as Buffer);
    if (bytes === undefined) mirror.files.delete(app);
    else mirror.files.set(app, bytes);
    await expect(fetchIt(made)).rejects.toThrow(code('DEBIAN_FETCH_FAILED'));
  });

  it('refuses a lock whose paths lead elsewhere', async () => {
    const made = await lock();
    for (const path of ['../etc/passwd', '/etc/passwd', 'pool/../../x', 'http://elsewhere/x', 'pool//x', 'pool/./x', 'pool/x?y']) {
      await expect(fetchIt({ ...made, packages: [{ ...(made.packages[0] as Lock['packages'][0]), path }] })).rejects.toThrow(
        code('DEBIAN_LOCK_INVALID'),
      );
    }
  });
});

async function change(path: string, edit: (text: string) => string): Promise<void> {
  mirror.files.set(path, Buffer.from(edit((mirror.files.get(path) as Buffer).toString())));
}

async function spoilIndices(edit: (bytes: Buffer) => Buffer): Promise<void> {
  for (const [path, bytes] of mirror.files) if (path.includes('binary-amd64')) mirror.files.set(path, edit(bytes));
}

/** Keeps the compressed index true and lies about the plain one. */
function plainLie(hash: string, size: number): Record<string, string> {
  const packed = mirror.files.get('dists/demo/main/binary-amd64/Packages.xz') as Buffer;
  return { SHA256: `\n ${hash} ${size} main/binary-amd64/Packages\n ${sha256(packed)} ${packed.length} main/binary-amd64/Packages.xz` };
}
