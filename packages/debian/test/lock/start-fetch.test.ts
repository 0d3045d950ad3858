// Packages are handed out as they come; the proof of their chain has the last word. Each test's archive lists its index in several forms.
import { mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { keyringOf, type Keyring } from '../../src/archive/keyring.ts';
import type { ChainReport } from '../../src/lock/chain.ts';
import { createLock } from '../../src/lock/create.ts';
import { startFetch, type FetchLockedOptions, type LockedFetch } from '../../src/lock/fetch.ts';
import type { Lock, LockedPackage } from '../../src/lock/schema.ts';
import {
  poolPath,
  serveMirror,
  sha256,
  suiteFiles,
  testKey,
  type SuiteOptions,
  type TestKey,
  type TestMirror,
} from '../support/mini-archive.ts';

const packages = [{ name: 'app', fields: { Depends: 'lib' } }, { name: 'lib' }];
const now = new Date('2026-11-24T00:00:00Z');
const code = (name: string) => expect.objectContaining({ code: name });
const root = 'dists/demo/main/binary-amd64/';

let key: TestKey;
let keyring: Keyring;
let folder: string;
let mirror: TestMirror;

beforeAll(async () => {
  key = await testKey('archive');
  keyring = await keyringOf([key.public]);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colophon-start-'));
  mirror = await serveMirror(new Map());
  await serve();
});
afterEach(async () => {
  await mirror.close();
  await rm(folder, { recursive: true });
});

async function serve(changes: Partial<SuiteOptions> = {}): Promise<void> {
  mirror.files = await suiteFiles({ name: 'demo', packages, keys: [key], forms: ['xz', 'gz'], ...changes });
}

const common = () => ({ mirrors: { archive: mirror.url }, keyrings: keyring, now, rounds: 2, backOff: 1 });

function lock(): Promise<Lock> {
  const cache = join(folder, 'cache');
  return createLock({ ...common(), suites: ['demo'], packages: ['app'], architecture: 'amd64', mode: 'closure', cache });
}

function start(made: Lock, changes: Partial<FetchLockedOptions> = {}): LockedFetch {
  return startFetch(made, { ...common(), cacheDirectory: join(folder, 'fresh'), ...changes });
}

/** Holds back what `which` matches until it is let go. */
function hold(which: (path: string) => boolean): () => void {
  const waiting: (() => void)[] = [];
  mirror.hook = (path, _request, response) => {
    if (!which(path)) return false;
    waiting.push(() => response.writeHead(mirror.files.has(path) ? 200 : 404).end(mirror.files.get(path)));
    return true;
  };
  return () => {
    mirror.hook = undefined;
    for (const answer of waiting) answer();
  };
}

const first = (made: Lock) => made.packages[0] as LockedPackage;

/** The requests for indices, without their folder. */
const asked = () => mirror.requests.filter((path) => path.startsWith(root)).map((path) => path.slice(root.length));
const hashOf = (form: string) => `by-hash/SHA256/${sha256(mirror.files.get(`${root}Packages.${form}`) as Buffer)}`;

describe('startFetch', () => {
  it('gives a package as soon as it is there, before the chain is known', async () => {
    const made = await lock();
    const release = hold((path) => path.startsWith('dists/'));
    const fetching = start(made);
    let proven = false;
    const done = fetching.proven.then((report) => ((proven = true), report));
    const path = (await fetching.package(first(made).sha256)) as string;
    expect(sha256(await readFile(path))).toBe(first(made).sha256);
    expect(proven).toBe(false);
    release();
    expect((await done).level).toBe('pinned');
  });

  it('knows no package that the lock does not name', async () => {
    const fetching = start(await lock());
    expect(fetching.package('0'.repeat(64))).toBeUndefined();
    await fetching.proven;
  });

  it('fetches no index while packages are on their way, for as long as they have a head start', async () => {
    const made = await lock();
    const release = hold((path) => path.startsWith('pool/'));
    mirror.requests.length = 0;
    const patient = start(made, { headStart: 1e6 });
    const hasty = start(made, { headStart: 1, cacheDirectory: join(folder, 'another') });
    await vi.waitFor(() => expect(asked()).toEqual([hashOf('gz')]));
    // Whoever began earlier would have asked by now.
    expect(await Promise.race([vi.waitFor(() => expect(asked()).toHaveLength(2)).catch(() => 'not yet'), patient.proven])).toBe('not yet');
    release();
    expect([(await patient.proven).level, (await hasty.proven).level]).toEqual(['pinned', 'pinned']);
    expect(asked()).toHaveLength(2);
  });

  it('a forged package may arrive: nothing is proven', async () => {
    const made = await lock();
    mirror.files.set(poolPath({ name: 'app' }), Buffer.from('evil'));
    Object.assign(first(made), { sha256: sha256('evil'), size: 4 });
    const release = hold((path) => path.startsWith('dists/'));
    const fetching = start(made);
    expect(await readFile((await fetching.package(sha256('evil'))) as string, 'utf8')).toBe('evil');
    release();
    await expect(fetching.proven).rejects.toThrow(code('DEBIAN_CHAIN_UNPROVEN'));
  });

  it('a chain that fails stops the downloads and is every package’s reason', async () => {
    const made = await lock();
    hold((path) => path.startsWith('pool/'));
    Object.assign(made.suites[0]?.inRelease as object, { date: '2026-11-20T12:00:01Z' });
    const fetching = start(made);
    await expect(fetching.proven).rejects.toThrow(code('DEBIAN_CHAIN_UNPROVEN'));
    for (const entry of made.packages) await expect(fetching.package(entry.sha256)).rejects.toThrow(code('DEBIAN_CHAIN_UNPROVEN'));
  });

  it('so does a chain that is too weak', async () => {
    const made = await lock();
    await serve({ packages: [{ name: 'app', version: '2.0-1' }, { name: 'lib' }], date: new Date('2026-11-22T00:00:00Z') });
    let told: ChainReport | undefined;
    const fetching = start(made, { chain: 'listed', onChain: (report) => (told = report) });
    await expect(fetching.proven).rejects.toThrow(code('DEBIAN_CHAIN_UNPROVEN'));
    expect(told).toMatchObject({ level: 'lock', packages: { app: 'lock', lib: 'listed' } });
  });

  it('a package that cannot be had rejects, and nothing is proven; where the lock is forged too, that is said', async () => {
    const made = await lock();
    mirror.files.delete(poolPath({ name: 'app' }));
    const fetching = start(made);
    await expect(fetching.package(first(made).sha256)).rejects.toThrow(code('DEBIAN_FETCH_FAILED'));
    await expect(fetching.proven).rejects.toThrow(code('DEBIAN_FETCH_FAILED'));
    Object.assign(made.suites[0]?.indices[0] as object, { sha256: sha256('evil') });
    const forged = start(made, { cacheDirectory: join(folder, 'another') });
    await expect(forged.package(first(made).sha256)).rejects.toThrow(code('DEBIAN_CHAIN_UNPROVEN'));
  });

  it('ends when it is told to', async () => {
    const made = await lock();
    hold(() => true);
    const controller = new AbortController();
    const fetching = start(made, { signal: controller.signal });
    controller.abort(new Error('told to'));
    await expect(fetching.proven).rejects.toThrow(/told to/);
    await expect(fetching.package(first(made).sha256)).rejects.toThrow(/told to/);
  });
});

describe('the form in which an index is read', () => {
  const fetched = async (made: Lock, changes: Partial<FetchLockedOptions> = {}) => {
    mirror.requests.length = 0;
    return (await start(made, changes).proven).level;
  };

  it('is gzip, by hash, where the suite has it; the one that the lock names is not fetched', async () => {
    expect(await fetched(await lock())).toBe('pinned');
    expect(asked()).toEqual([hashOf('gz')]);
  });

  it('is another one where no mirror has gzip', async () => {
    const made = await lock();
    for (const path of [`${root}${hashOf('gz')}`, `${root}Packages.gz`]) mirror.files.delete(path);
    expect(await fetched(made)).toBe('pinned');
    expect(asked().at(-1)).toBe(hashOf('xz'));
  });

  it('is the one that the cache has', async () => {
    const made = await lock();
    expect(await fetched(made, { cacheDirectory: join(folder, 'cache') })).toBe('pinned');
    expect(asked()).toEqual([]);
  });

  it('is fetched again where the cached one is damaged', async () => {
    const made = await lock();
    const digest = sha256(mirror.files.get(`${root}Packages.xz`) as Buffer);
    const path = join(folder, 'cache/blobs/sha256', digest.slice(0, 2), digest);
    await truncate(path, (await stat(path)).size - 1);
    expect(await fetched(made, { cacheDirectory: join(folder, 'cache') })).toBe('pinned');
    expect(asked()).toEqual([hashOf('gz')]);
  });

  it('is vouched for by its own hash: one that was put in its place is not believed', async () => {
    const made = await lock();
    const gz = hashOf('gz');
    for (const path of [`${root}${gz}`, `${root}Packages.gz`]) {
      const bytes = mirror.files.get(path) as Buffer;
      mirror.files.set(path, Buffer.concat([bytes.subarray(0, -1), Buffer.from('x')]));
    }
    expect(await fetched(made)).toBe('pinned');
    expect(asked()).toEqual([gz, hashOf('xz')]);
  });

  it('is given up where it is larger than the suite says: a bomb', async () => {
    const made = await lock();
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    // The suite is signed anew, and the lock names it: only its index of gzip is not what the plain one says.
    const plain = made.suites[0]?.indices[0]?.plain as { sha256: string; size: number };
    const xz = mirror.files.get(`${root}Packages.xz`) as Buffer;
    const table = [
      `${plain.sha256} ${plain.size} main/binary-amd64/Packages`,
      `${sha256(xz)} ${xz.length} main/binary-amd64/Packages.xz`,
      `${sha256(bomb)} ${bomb.length} main/binary-amd64/Packages.gz`,
    ];
    await serve({ fields: { SHA256: `\n ${table.join('\n ')}` } });
    const signed = mirror.files.get('dists/demo/InRelease') as Buffer;
    Object.assign(made.suites[0]?.inRelease as object, { sha256: sha256(signed), size: signed.length });
    mirror.files.set(`${root}by-hash/SHA256/${sha256(bomb)}`, bomb);
    await expect(fetched(made)).rejects.toThrow(code('DEBIAN_LIMIT'));
  });

  it('is not fetched of a suite from which no package is', async () => {
    const made = await lock();
    const other = await suiteFiles({ name: 'demo-updates', packages: [{ name: 'other' }], keys: [key], forms: ['xz', 'gz'] });
    mirror.files = new Map([...mirror.files, ...other]);
    const both = await createLock({
      ...common(),
      suites: ['demo', 'demo-updates'],
      packages: ['app'],
      architecture: 'amd64',
      mode: 'closure',
      cache: join(folder, 'cache'),
    });
    expect(both.packages).toEqual(made.packages);
    expect(await fetched(both)).toBe('pinned');
    expect(mirror.requests.filter((path) => path.startsWith('dists/demo-updates/'))).toEqual(['dists/demo-updates/InRelease']);
  });

  it('a package of a component that the suite’s lock does not have is not proven', async () => {
    const made = await lock();
    Object.assign(first(made), { component: 'contrib' });
    await expect(fetched(made)).rejects.toThrow(code('DEBIAN_CHAIN_UNPROVEN'));
  });
});
