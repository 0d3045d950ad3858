import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageConfig, Index, Manifest } from '@colophon/oci';
import { openLayout } from '@colophon/oci';
import { describe, expect, test } from 'vitest';
import { directory, file, symlink } from '../../src/tar/entry.ts';
import { buildSample, jsonOf, layersOf, samplePackages } from '../support/build.ts';
import { makeArchive, temporaryDirectory, time } from '../support/deb.ts';

const at = { mtime: time };

describe('a layout', () => {
  test('names each variant by its tag and each SBOM as a referrer, and is whole', async () => {
    const { output, images } = await buildSample();
    const layout = await openLayout(output);
    const { manifests } = await layout.index();
    expect(manifests.map(({ annotations, artifactType }) => annotations?.['org.opencontainers.image.ref.name'] ?? artifactType)).toEqual([
      'application/spdx+json',
      'application/spdx+json',
      'latest',
      'nonroot',
    ]);
    for (const descriptor of manifests) await layout.verify(descriptor);
    expect(manifests.filter(({ artifactType }) => artifactType === undefined).map(({ digest }) => digest)).toEqual(
      images.map(({ descriptor }) => descriptor.digest),
    );
    const subjects = manifests
      .filter(({ artifactType }) => artifactType !== undefined)
      .map(({ digest }) => jsonOf<Manifest>(output, digest).subject?.digest);
    expect(new Set(subjects)).toEqual(new Set(images.map(({ descriptor }) => descriptor.digest)));
    await layout.close();
  });

  test('one layer for each package, status.d in it, paths where dpkg puts them', async () => {
    const { output, descriptor } = await buildSample();
    const [root, base, tool, generated] = await layersOf(output, descriptor.digest);
    expect(root).toEqual(['.', 'tmp']);
    expect(base).toContain('bin');
    expect(base).toContain('var/lib/dpkg/status.d/base-sample');
    expect(tool).toEqual(
      expect.arrayContaining([
        'usr/bin/tool',
        'usr/share/doc/tool/copyright',
        'var/lib/dpkg/status.d/tool',
        'var/lib/dpkg/status.d/tool.md5sums',
      ]),
    );
    expect(tool).not.toContain('bin');
    expect(generated).toEqual(['etc', 'etc/nsswitch.conf', 'etc/passwd', 'root']);
  });

  test('configuration and manifest', async () => {
    const { output, images } = await buildSample();
    const manifest = jsonOf<Manifest>(output, images[1]?.descriptor.digest as `sha256:${string}`);
    const config = jsonOf<ImageConfig>(output, manifest.config.digest);
    expect(config).toMatchObject({
      architecture: 'amd64',
      os: 'linux',
      created: '2026-11-20T10:00:00Z',
      config: { User: '65532', Env: ['A=1', 'B=2'], Entrypoint: ['/bin/tool'] },
    });
    expect(config.history?.map(({ created_by: by }) => by)).toEqual([
      'colophon: root root',
      'colophon: package base-sample=13',
      'colophon: package tool=1:2.0-1',
      'colophon: generated accounts, nsswitch',
    ]);
    expect(manifest.annotations).toEqual({ 'dev.colophon.encoder': 'colophon-deflate@1' });
    expect(config.rootfs.diff_ids).toHaveLength(manifest.layers.length);
  });

  test('several architectures make an index, in order', async () => {
    const amd64 = makeArchive(samplePackages);
    const arm64 = makeArchive(
      samplePackages.map((one) => ({ ...one, architecture: 'arm64' })),
      { architecture: 'arm64' },
    );
    const debs = (sha256: string) => (amd64.lock.packages.some((one) => one.sha256 === sha256) ? amd64 : arm64).debs(sha256);
    const text = 'version: 1\nname: sample\narchitectures: [arm64, amd64]\npackages: [tool]\n';
    const { output, descriptor } = await buildSample({ text, lock: [amd64.lock, arm64.lock], debs });
    expect(jsonOf<Index>(output, descriptor.digest).manifests.map(({ platform }) => platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux', variant: 'v8' },
    ]);
  });
});

describe('parts', () => {
  test('paths and permissions; contents are kept', async () => {
    const text = `
version: 1
name: sample
packages: [base-sample, tool]
paths:
  - { type: directory, path: /data/sub, mode: "0750", user: 5, group: 6 }
  - { type: file, path: /lib/greeting, content: "hi\\n" }
  - { type: symlink, path: /data/link, target: ../etc }
  - { type: permissions, path: /bin/tool, mode: "0755", user: 7 }
`;
    const { layers } = await buildSample({ text });
    const [generated, permissions] = layers.slice(-2);
    expect(generated?.entries).toMatchObject([
      { path: 'data', mode: 0o755 },
      { path: 'data/link', linkTarget: '../etc' },
      { path: 'data/sub', mode: 0o750, uid: 5, gid: 6 },
      { path: 'usr', type: 'directory' },
      { path: 'usr/lib', type: 'directory' },
      { path: 'usr/lib/greeting', size: 3 },
    ]);
    expect(permissions?.entries?.at(-1)).toMatchObject({ path: 'usr/bin/tool', mode: 0o755, uid: 7, gid: 0, size: 21000 });
  });

  test('local files: trees, links, execute bits; nothing outside the directory', async () => {
    const files = temporaryDirectory();
    mkdirSync(join(files, 'tree/empty'), { recursive: true });
    writeFileSync(join(files, 'tree/run'), '#!/bin/sh\n', { mode: 0o700 });
    writeFileSync(join(files, 'tree/data'), 'data', { mode: 0o600 });
    symlinkSync('/etc/passwd', join(files, 'tree/link'));
    symlinkSync('/etc', join(files, 'out'));
    const text = (source: string) => `version: 1\nname: sample\nfiles: [{ source: ${source}, path: /opt/tree, user: 3 }]\n`;
    const { layers } = await buildSample({ text: text('tree'), files });
    expect(layers.at(-1)?.entries?.map(({ path, mode, uid, size, linkTarget }) => [path, mode, uid, size, linkTarget])).toEqual([
      ['opt', 0o755, 0, 0, undefined],
      ['opt/tree', 0o755, 3, 0, undefined],
      ['opt/tree/data', 0o644, 3, 4, undefined],
      ['opt/tree/empty', 0o755, 3, 0, undefined],
      ['opt/tree/link', 0o777, 3, 0, '/etc/passwd'],
      ['opt/tree/run', 0o755, 3, 10, undefined],
    ]);
    await expect(buildSample({ text: text('out'), files })).rejects.toMatchObject({ code: 'IMAGE_FILE_REFUSED' });
    await expect(buildSample({ text: text('out/passwd'), files })).rejects.toMatchObject({ code: 'IMAGE_FILE_REFUSED' });
    await expect(buildSample({ text: text('none'), files })).rejects.toMatchObject({ code: 'IMAGE_FILE_MISSING' });
  });

  test('paths through a link of another package are followed: no layer hides the link', async () => {
    const packages = [
      { name: 'one1', entries: [directory('usr', at), directory('usr/real', at), symlink('usr/alias', 'real', time)] },
      { name: 'two2', entries: [directory('usr', at), directory('usr/alias', at), file('usr/alias/file', 'x', at)] },
    ];
    const { output, descriptor } = await buildSample({ text: 'version: 1\nname: sample\npackages: [one1, two2]\n', packages });
    const last = (await layersOf(output, descriptor.digest)).at(-1);
    expect(last).toContain('usr/real/file');
    expect(last).not.toContain('usr/alias');
  });

  test('a file where another package has a directory is a conflict', async () => {
    const packages = [
      { name: 'one1', entries: [directory('etc', at), directory('etc/x', at)] },
      { name: 'two2', entries: [directory('etc', at), file('etc/x', '', at)] },
    ];
    await expect(buildSample({ text: 'version: 1\nname: sample\npackages: [one1, two2]\n', packages })).rejects.toMatchObject({
      code: 'IMAGE_PATH_CONFLICT',
    });
  });

  test('files that are younger than the lock get its time', async () => {
    const { layers } = await buildSample({ created: '2020-01-01T00:00:00Z' });
    const times = layers.flatMap(({ entries }) => entries?.map(({ mtime }) => mtime) ?? []);
    expect(Math.max(...times)).toBe(Date.parse('2020-01-01T00:00:00Z') / 1000);
  });
});

describe('what does not fit is refused', () => {
  test('packages that the lock lacks, unknown variants, architectures without a lock', async () => {
    await expect(buildSample({ text: 'version: 1\nname: a\npackages: [other]\n' })).rejects.toMatchObject({
      code: 'IMAGE_PACKAGE_UNLOCKED',
    });
    await expect(buildSample({ variants: ['none'] })).rejects.toMatchObject({ code: 'IMAGE_VARIANT_UNKNOWN' });
    await expect(buildSample({ text: 'version: 1\nname: a\narchitectures: [s390x]\npackages: [tool]\n' })).rejects.toMatchObject({
      code: 'IMAGE_ARCHITECTURE',
    });
  });

  test('a .deb with other bytes, one that says it is another package, and a missing one', async () => {
    const { lock, debs } = makeArchive(samplePackages);
    const [, tool] = lock.packages;
    const path = debs(tool?.sha256 as string);
    const good = readFileSync(path);
    writeFileSync(path, Buffer.concat([good, Buffer.from('x')]));
    await expect(buildSample({ lock, debs })).rejects.toMatchObject({ code: 'IMAGE_PACKAGE_MISMATCH' });
    rmSync(path);
    await expect(buildSample({ lock, debs })).rejects.toMatchObject({ code: 'IMAGE_PACKAGE_MISSING' });
    writeFileSync(path, good);
    const renamed = { ...lock, packages: lock.packages.map((one) => (one.name === 'tool' ? { ...one, version: '9' } : one)) };
    await expect(buildSample({ lock: renamed, debs })).rejects.toMatchObject({ code: 'IMAGE_PACKAGE_MISMATCH' });
  });

  test('a bomb in a package', async () => {
    const packages = [{ name: 'bomb', entries: [file('zeros', Buffer.alloc(3e6), at)] }];
    const text = 'version: 1\nname: a\npackages: [bomb]\n';
    await expect(buildSample({ text, packages, limits: { data: 1e6 } })).rejects.toMatchObject({ code: 'DEBIAN_LIMIT' });
  });
});

describe('a base', () => {
  const text =
    'version: 1\nname: above\nbase: { image: sample, tag: nonroot }\npaths: [{ type: file, path: /lib/more, content: x }]\nconfig: { cmd: [x] }\n';

  test('its layers come first, its configuration is inherited, its packages are in the SBOM', async () => {
    const below = await buildSample();
    const above = await buildSample({ text, base: { directory: below.output } });
    expect(above.layers.slice(0, below.layers.length).map(({ descriptor }) => descriptor.digest)).toEqual(
      below.layers.map(({ descriptor }) => descriptor.digest),
    );
    const manifest = jsonOf<Manifest>(above.output, above.descriptor.digest);
    const config = jsonOf<ImageConfig>(above.output, manifest.config.digest);
    expect(config.config).toMatchObject({ User: '65532', Entrypoint: ['/bin/tool'], Cmd: ['x'], Env: ['A=1', 'B=2'] });
    expect(config.created).toBe('2026-11-20T10:00:00Z');
    expect(manifest.annotations?.['org.opencontainers.image.base.digest']).toBe(below.images[1]?.descriptor.digest);
    expect(above.packages.map(({ name, version, source }) => [name, version, source])).toEqual([
      ['base-sample', '13', 'base-sample'],
      ['tool', '1:2.0-1', 'tools'],
    ]);
    expect((await layersOf(above.output, above.descriptor.digest)).at(-1)).toEqual(['usr', 'usr/lib', 'usr/lib/more']);
  });

  test('of another digest, missing, or not asked for', async () => {
    const below = await buildSample();
    const base = { directory: below.output };
    await expect(buildSample({ text: text.replace('tag: nonroot', `digest: "sha256:${'0'.repeat(64)}"`), base })).rejects.toMatchObject({
      code: 'IMAGE_BASE_MISMATCH',
    });
    await expect(buildSample({ text })).rejects.toMatchObject({ code: 'IMAGE_BASE_MISSING' });
    await expect(buildSample({ base })).rejects.toMatchObject({ code: 'IMAGE_BASE_MISMATCH' });
    await expect(buildSample({ text: text.replace('nonroot', 'other'), base })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });
});

describe('the layer cache', () => {
  test('a second build needs no packages, and gives the same', async () => {
    const cache = temporaryDirectory();
    const archive = makeArchive(samplePackages);
    const events: string[] = [];
    const first = await buildSample({ ...archive, cache });
    const debs = () => {
      throw new Error('nothing is needed');
    };
    const second = await buildSample({
      lock: archive.lock,
      debs,
      cache,
      onProgress: ({ name, cached }) => events.push(`${name} ${cached}`),
    });
    expect(second.descriptor).toEqual(first.descriptor);
    expect(events.sort()).toEqual(['base-sample 13 true', 'tool 1:2.0-1 true']);
  });

  test('what was damaged is made again', async () => {
    const cache = temporaryDirectory();
    const archive = makeArchive(samplePackages);
    const first = await buildSample({ ...archive, cache });
    for (const folder of ['layers', 'blobs']) {
      for (const name of readdirSync(join(cache, folder))) {
        const path = join(cache, folder, name);
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
        writeFileSync(path, bytes);
      }
      expect((await buildSample({ ...archive, cache })).descriptor).toEqual(first.descriptor);
    }
  });
});
