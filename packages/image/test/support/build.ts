import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '@colophon/core';
import type { Manifest } from '@colophon/oci';
import { afterAll, beforeAll } from 'vitest';
import { buildImage, type BuildOptions, type BuildResult } from '../../src/build/build.ts';
import { parseImageSpec } from '../../src/spec/parse.ts';
import { directory, file, symlink, type Entry } from '../../src/tar/entry.ts';
import { readArchive } from '../../src/tar/reader.ts';
import { unpackLayer } from '../../src/tar/unpack.ts';
import { makeArchive, temporaryDirectory, time, writeArchive, type DebFacts } from './deb.ts';

const at = { mtime: time };

/** Two small packages: one has the links of a merged /usr, the other still uses the old directories. */
export const samplePackages: readonly (DebFacts & { entries: Entry[] })[] = [
  {
    name: 'base-sample',
    version: '13',
    entries: [
      ...['bin', 'lib', 'sbin'].map((name) => symlink(name, `usr/${name}`, time)),
      ...['usr', 'usr/bin', 'usr/lib', 'usr/sbin', 'etc'].map((path) => directory(path, at)),
      directory('tmp', { mode: 0o1777, ...at }),
      file('etc/debian_version', '13\n', at),
    ],
  },
  {
    name: 'tool',
    version: '1:2.0-1',
    source: 'tools (2.0-1)',
    scripts: ['postinst'],
    entries: [
      directory('bin', at),
      file('bin/tool', 'program'.repeat(3000), { mode: 0o4755, ...at }),
      directory('usr', at),
      directory('usr/share', at),
      directory('usr/share/doc', at),
      directory('usr/share/doc/tool', at),
      file('usr/share/doc/tool/copyright', 'free\n', at),
      file('usr/share/doc/tool/changelog.gz', 'changes\n', at),
    ],
  },
];

export const sampleSpec = `
version: 1
name: sample
packages: [base-sample, tool]
generate: { nsswitch: true }
accounts: { users: [{ name: root, uid: 0, gid: 0, home: /root, homeMode: "0700" }] }
config: { user: "0", env: { B: "2", A: "1" }, entrypoint: [/bin/tool] }
variants:
  latest:
  nonroot: { config: { user: "65532" } }
`;

export async function buildSample(
  options: Partial<BuildOptions> & { text?: string; packages?: typeof samplePackages } = {},
): Promise<BuildResult & { output: string }> {
  const { text = sampleSpec, packages = samplePackages, ...rest } = options;
  const output = rest.output ?? join(temporaryDirectory(), 'layout');
  const archive = rest.debs === undefined ? makeArchive(packages) : { debs: rest.debs };
  const result = await buildImage({ spec: parseImageSpec(text), ...archive, ...rest, output });
  return { ...result, output };
}

/** One build for all tests of a file. */
export function sharedSample(): () => BuildResult & { output: string } {
  let place = '';
  let built: BuildResult & { output: string };
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'colophon-image-shared-'));
    const { lock, debs } = writeArchive(place, samplePackages);
    built = await buildSample({ lock, debs, output: join(place, 'layout') });
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  return () => built;
}

export function blobOf(layout: string, digest: Digest): Buffer {
  return readFileSync(join(layout, 'blobs/sha256', digest.slice(7)));
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the test says what it expects
export function jsonOf<Value>(layout: string, digest: Digest): Value {
  return JSON.parse(blobOf(layout, digest).toString('utf8')) as Value;
}

/** Paths of each layer of a manifest, in order. */
export async function layersOf(layout: string, digest: Digest): Promise<string[][]> {
  const { layers } = jsonOf<Manifest>(layout, digest);
  return Promise.all(
    layers.map(async (layer) => [...readArchive(await unpackLayer(blobOf(layout, layer.digest), 'test'), 'test')].map(({ path }) => path)),
  );
}
