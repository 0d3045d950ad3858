// A step image made from a small signed archive on loopback, and made again from its recipe alone.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '@colophon/core';
import { createLock, fetchLocked, type Lock } from '@colophon/debian';
import { buildImage, encoderId, parseImageSpec, type BuildResult } from '@colophon/image';
import { serveMirror, suiteFiles, testKey, type TestMirror } from '../../../debian/test/support/mini-archive.ts';
import { rebuildStepImage, type Recipe } from '../../src/index.ts';
import { temporaryDirectory } from '../support/images.ts';

const spec = parseImageSpec('version: 1\nname: tools\npackages: all\nfiles:\n  - { source: opt/tool, path: /opt/tool, mode: "0755" }\n');
const script = '#!/bin/sh\necho tool\n';
let mirror: TestMirror;
let keyrings: string[];
let lock: Lock;
let original: { directory: string; result: BuildResult };

beforeAll(async () => {
  const place = temporaryDirectory();
  const key = await testKey('Archive');
  keyrings = [join(place, 'keyring.asc')];
  writeFileSync(keyrings[0] as string, key.public);
  const packages = ['base', 'shell'].map((name) => ({ name, files: { [`usr/share/${name}`]: `${name}\n`.repeat(400) } }));
  mirror = await serveMirror(await suiteFiles({ name: 'trixie', packages, keys: [key] }));
  const options = { mirrors: { archive: mirror.url }, keyrings };
  lock = await createLock({
    ...options,
    suites: ['trixie'],
    packages: ['base', 'shell'],
    architecture: 'amd64',
    mode: 'closure',
    cache: join(place, 'cache'),
  });
  const debs = await fetchLocked(lock, { ...options, cacheDirectory: join(place, 'cache') });
  mkdirSync(join(place, 'files', 'opt'), { recursive: true });
  writeFileSync(join(place, 'files', 'opt', 'tool'), script);
  const directory = join(place, 'layout');
  const result = await buildImage({
    spec,
    lock,
    debs: (sha256) => debs.get(sha256) as string,
    files: join(place, 'files'),
    output: directory,
  });
  original = { directory, result };
});
afterAll(() => mirror.close());

async function again(change: Partial<Recipe> = {}) {
  const { descriptor } = original.result;
  const recipe: Recipe = {
    subject: { repository: 'first.example/colophon/tools', digest: descriptor.digest },
    spec,
    lock,
    encoder: encoderId,
    files: [{ path: '/opt/tool', sha256: sha256Hex(script) }],
    ...change,
  };
  const directory = temporaryDirectory();
  return rebuildStepImage(recipe, {
    directory,
    mirrors: { archive: mirror.url },
    keyrings,
    cache: join(directory, 'debian'),
    find: () => undefined,
    original: { directory: original.directory, descriptor },
  });
}

describe('a step image made again', () => {
  it('has the same digest, its packages fetched anew, its files by hash', async () => {
    mirror.requests.length = 0;
    expect(await again()).toEqual({
      verdict: 'digest-identical',
      digest: original.result.descriptor.digest,
      files: { local: 0, fromImage: 1 },
    });
    expect(mirror.requests.filter((path) => path.endsWith('.deb'))).toHaveLength(2);
  });

  it('differs where its specification does', async () => {
    const other = parseImageSpec(
      'version: 1\nname: tools\npackages: all\nfiles:\n  - { source: opt/tool, path: /opt/tool, mode: "0700" }\n',
    );
    expect(await again({ spec: other })).toMatchObject({
      verdict: 'different',
      first: { path: 'opt/tool', field: 'mode', expected: 0o755, found: 0o700 },
    });
  });

  it('says when the recorded encoder is another', async () => {
    expect(await again({ encoder: 'colophon-deflate@0' })).toMatchObject({ encoder: { expected: 'colophon-deflate@0', found: encoderId } });
  });

  it('is not made of packages that are not the recorded ones', async () => {
    const forged = {
      ...lock,
      packages: lock.packages.map((entry, index) => (index === 0 ? { ...entry, sha256: '00'.repeat(32) } : entry)),
    };
    await expect(again({ lock: forged })).rejects.toThrow(expect.objectContaining({ code: expect.stringMatching(/^DEBIAN_/) as string }));
  });
});
