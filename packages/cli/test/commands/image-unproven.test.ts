// Packages are built from before the archive is known to vouch for them: a lock that it does not vouch for must give no image all the same.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openArchive, poolPath, sha256, debOf, type Archive } from '../support/archive.ts';
import { colophon, temporary, type Ended } from '../support/process.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let cwd: string;
let remove: () => Promise<void>;
let archive: Archive;

beforeAll(async () => {
  ({ path: cwd, remove } = await temporary());
  archive = await openArchive(cwd);
  await archive.publish([{ name: 'one', files: { 'usr/share/one/file': 'one\n' } }]);
  await writeFile(join(cwd, 'it.lock.yaml'), 'version: 1\nsuites: [trixie]\narchitecture: amd64\npackages: [one]\n');
  const locked = await colophon(['lock', 'it.lock.yaml', ...fetching('cache')], { cwd });
  expect(locked.code, locked.err).toBe(0);
});
afterAll(async () => {
  await archive.mirror.close();
  await remove();
});

function fetching(cache: string): string[] {
  const { url } = archive.mirror;
  return ['--mirror', url, '--security-mirror', url, '--keyring', archive.keyring, '--cache', join(cwd, cache)];
}

async function build(name: string, lock: unknown): Promise<{ ended: Ended; images: unknown[] }> {
  await writeFile(join(cwd, `${name}.lock.json`), JSON.stringify(lock));
  await writeFile(join(cwd, `${name}.yaml`), `version: 1\nname: it\nlock: ${name}.lock.json\npackages: all\n`);
  const results = ['--repository', 'localhost:1/it', '--digest-file', `${name}.digest`];
  const ended = await colophon(['image', 'build', `${name}.yaml`, '--layout', name, ...results, ...fetching(`cache-${name}`)], { cwd });
  const index = JSON.parse(await readFile(join(cwd, name, 'index.json'), 'utf8')) as { manifests: unknown[] };
  return { ended, images: index.manifests };
}

test('a package that arrives, whole, and that the signed index lists otherwise: no image, no result, the reason said', async () => {
  const lock = JSON.parse(await readFile(join(cwd, 'it.lock.json'), 'utf8'));
  const honest = await build('honest', lock);
  expect(honest.ended.code, honest.ended.err).toBe(0);
  expect(honest.images.length).toBeGreaterThan(0);

  const evil = debOf({ name: 'one', files: { 'usr/share/one/file': 'evil\n' } });
  archive.mirror.files.set(poolPath({ name: 'one' }), evil);
  Object.assign(lock.packages[0], { sha256: sha256(evil), size: evil.length });
  // The proof comes last: by then everything else has been done.
  let held = 0;
  archive.mirror.hook = (path, _request, response) => {
    if (!path.startsWith('dists/')) return false;
    setTimeout(() => response.end(archive.mirror.files.get(path)), 3000);
    held++;
    return true;
  };
  const forged = await build('forged', lock);
  archive.mirror.hook = undefined;
  expect(held).toBeGreaterThan(0);
  expect(forged.ended.err).toContain('DEBIAN_CHAIN_UNPROVEN');
  expect(forged.ended.code).not.toBe(0);
  expect(forged.images).toEqual([]);
  await expect(readFile(join(cwd, 'forged.digest'))).rejects.toThrow('ENOENT');
});
