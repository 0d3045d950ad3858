// The csi driver packages.colophon.dev: every .deb that the lock names, verified up to the archive's signature, or nothing.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLock, openDebianCache, type Lock } from '@colophon/debian';
import type { GitStore } from '@colophon/source';
import { openBlobStore } from '@colophon/store';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createInputs } from '../../src/collaborators/inputs.ts';
import {
  debOf,
  poolPath,
  serveMirror,
  sha256,
  suiteFiles,
  testKey,
  type TestKey,
  type TestMirror,
} from '../../../debian/test/support/mini-archive.ts';

const packages = [{ name: 'one', fields: { Depends: 'two' } }, { name: 'two' }];
let key: TestKey;
let folder: string;
let mirror: TestMirror;
let lock: Lock;

beforeAll(async () => void (key = await testKey('archive')));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colophon-inputs-'));
  await writeFile(join(folder, 'keyring.asc'), key.public);
  mirror = await serveMirror(
    await suiteFiles({ name: 'demo', packages, keys: [key], forms: ['xz', 'gz'], date: new Date(Date.now() - 3_600_000) }),
  );
  lock = await createLock({
    mirrors: { archive: mirror.url },
    suites: ['demo'],
    packages: ['one'],
    architecture: 'amd64',
    mode: 'closure',
    keyrings: [join(folder, 'keyring.asc')],
    cache: await openDebianCache(join(folder, 'locking')),
  });
});
afterEach(async () => {
  await mirror.close();
  await rm(folder, { recursive: true });
});

/** A repository that holds the lock at one commit, and nothing else: git is another room's. */
const git = (): GitStore =>
  ({
    fetch: async (uri: string) => ({ uri, commit: 'c'.repeat(40) }),
    readFile: async () => Buffer.from(JSON.stringify(lock)),
  }) as unknown as GitStore;

async function prepare() {
  const directory = join(folder, 'inputs');
  const inputs = await createInputs({
    git: git(),
    directory,
    blobs: await openBlobStore(join(folder, 'blobs')),
    mirrors: { archive: mirror.url },
    keyrings: [join(folder, 'keyring.asc')],
  });
  const request = {
    run: { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', namespace: 'default', name: 'it', uid: '1' },
    workspace: 'packages',
    driver: 'packages.colophon.dev',
    attributes: { uri: 'https://example.org/it.git', revision: 'main', lock: 'it.lock.json' },
  } as const;
  return inputs.prepare(request, { signal: new AbortController().signal });
}

test('lays out the packages and the lock, and says who vouches for each', async () => {
  const { directory, record } = await prepare();
  expect((await readdir(directory)).toSorted()).toEqual(['lock.json', 'one_1.0-1_amd64.deb', 'two_1.0-1_amd64.deb']);
  expect(await readFile(join(directory, 'two_1.0-1_amd64.deb'))).toEqual(debOf({ name: 'two' }));
  expect(record).toMatchObject({ kind: 'packages', packages: [{ name: 'one', signedBy: [key.fingerprint] }, { name: 'two' }] });
  // Again: from what is there.
  mirror.files.clear();
  expect((await prepare()).directory).toBe(directory);
});

test('a package that comes but is not listed so leaves no directory', async () => {
  mirror.files.set(poolPath({ name: 'two' }), Buffer.from('evil'));
  Object.assign(lock.packages[1] as object, { sha256: sha256('evil'), size: 4 });
  await expect(prepare()).rejects.toThrow(expect.objectContaining({ code: 'DEBIAN_CHAIN_UNPROVEN' }));
  expect(await readdir(join(folder, 'inputs', 'packages'))).toEqual([]);
});

test('neither does one that cannot be had', async () => {
  mirror.files.set(poolPath({ name: 'two' }), Buffer.from('evil'));
  await expect(prepare()).rejects.toThrow(expect.objectContaining({ code: 'DEBIAN_FETCH_FAILED' }));
  expect(await readdir(join(folder, 'inputs', 'packages'))).toEqual([]);
});
