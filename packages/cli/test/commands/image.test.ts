import { execFileSync } from 'node:child_process';
import { chmod, cp, link, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createLayout, openLayout, refNameKey, type Descriptor, type Manifest } from '@colophon/oci';
import { debOf, openArchive, poolPath, type Archive } from '../support/archive.ts';
import { colophon, temporary } from '../support/process.ts';

// Each command is a process of its own, and the machine may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let cwd: string;
let remove: () => Promise<void>;
let archive: Archive;

const packages = [
  { name: 'one', files: { 'usr/share/one/file': 'one\n' } },
  { name: 'two', fields: { Depends: 'one' }, files: { 'usr/bin/two': '#!/bin/sh\n' } },
];

beforeAll(async () => {
  ({ path: cwd, remove } = await temporary());
  archive = await openArchive(cwd);
  await archive.publish(packages);
  await writeFile(join(cwd, 'it.lock.yaml'), 'version: 1\nsuites: [trixie]\narchitecture: amd64\npackages: [two]\n');
  await writeFile(
    join(cwd, 'it.yaml'),
    'version: 1\nname: it\nlock: it.lock.json\npackages: all\nvariants:\n  latest:\n  other:\n    config: { user: "65532" }\n',
  );
  await writeFile(
    join(cwd, 'top.yaml'),
    'version: 1\nname: top\nbase: { image: it, tag: other }\nfiles:\n  - { source: program, path: /program, mode: "0755" }\n',
  );
  await mkdir(join(cwd, 'bin'));
  await writeFile(join(cwd, 'bin', 'program'), 'program\n');
  const locked = await colophon(['lock', 'it.lock.yaml', ...fetching()], { cwd });
  expect(locked.err + locked.out).toContain('it.lock.json');
  await mkdir(join(cwd, 'packages'));
  await cp(join(cwd, 'it.lock.json'), join(cwd, 'packages', 'lock.json'));
  // Names that mean nothing.
  for (const [n, entry] of packages.entries()) await writeFile(join(cwd, 'packages', `x${n}.deb`), debOf(entry));
});
afterAll(async () => {
  await archive.mirror.close();
  await remove();
});

function fetching(): string[] {
  return [
    '--mirror',
    archive.mirror.url,
    '--security-mirror',
    archive.mirror.url,
    '--keyring',
    archive.keyring,
    '--cache',
    join(cwd, 'cache'),
  ];
}

interface Built {
  readonly encoder: string;
  readonly images: { tag: string; digest: string; reference?: string; platforms: { layers: unknown[]; packages: { name: string }[] }[] }[];
}

test('the same digests from packages that are there and from the archive; result files; base and local files', async () => {
  const fetched = await colophon(['image', 'build', 'it.yaml', '--layout', 'fetched', '-o', 'json', ...fetching()], { cwd });
  expect(fetched.code, fetched.err).toBe(0);
  const given = await colophon(
    [
      'image',
      'build',
      'it.yaml',
      '--packages',
      'packages',
      '--layout',
      'given',
      '--repository',
      'localhost:1/a/it',
      '--append-references',
      'IMAGES',
      '--url-file',
      'URL',
      '--digest-file',
      'DIGEST',
      '-o',
      'json',
    ],
    { cwd },
  );
  expect(given.code, given.err).toBe(0);
  const [one, other] = [fetched.json<Built>(), given.json<Built>()];
  expect(other.images.map(({ digest }) => digest)).toEqual(one.images.map(({ digest }) => digest));
  expect(one.images.map(({ tag }) => tag)).toEqual(['latest', 'other']);
  expect(one.images[0]?.platforms[0]?.packages.map(({ name }) => name).toSorted()).toEqual(['one', 'two']);
  expect(one.encoder).toMatch(/^colophon-deflate@/);
  const references = other.images.map(({ digest }) => `localhost:1/a/it@${digest}\n`).join('');
  expect(await readFile(join(cwd, 'IMAGES'), 'utf8')).toBe(references);
  expect(await readFile(join(cwd, 'URL'), 'utf8')).toBe('localhost:1/a/it');
  expect(await readFile(join(cwd, 'DIGEST'), 'utf8')).toBe(other.images[0]?.digest);

  const top = await colophon(
    [
      'image',
      'build',
      'top.yaml',
      '--packages',
      'packages',
      '--base',
      'given',
      '--files',
      'bin',
      '--layout',
      'top',
      '--repository',
      'localhost:1/a/top',
      '--append-references',
      'IMAGES',
      '-o',
      'json',
    ],
    { cwd },
  );
  expect(top.code, top.err).toBe(0);
  expect(await readFile(join(cwd, 'IMAGES'), 'utf8')).toBe(`${references}localhost:1/a/top@${top.json<Built>().images[0]?.digest}\n`);
});

const namespaces = (() => {
  try {
    execFileSync('unshare', ['-n', 'setpriv', '--reuid=4242', '--regid=4242', '--clear-groups', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!namespaces)('as a step runs it (needs root, to make a network namespace and change the user)', () => {
  test('without network, without HOME, as a user that the machine does not know', async () => {
    await chmod(cwd, 0o755);
    await mkdir(join(cwd, 'open'));
    await chmod(join(cwd, 'open'), 0o777);
    const behind = ['unshare', '-n', 'setpriv', '--reuid=4242', '--regid=4242', '--clear-groups'];
    const step = await colophon(['image', 'build', 'it.yaml', '--packages', 'packages', '--layout', 'open/it', '-o', 'json'], {
      cwd,
      behind,
    });
    expect(step.code, step.err).toBe(0);
    const here = await colophon(['image', 'build', 'it.yaml', '--packages', 'packages', '--layout', 'here', '-o', 'json'], { cwd });
    expect(step.json<Built>().images[0]?.digest).toBe(here.json<Built>().images[0]?.digest);
  });
});

describe('hostile packages', () => {
  async function withPackages(change: (directory: string) => Promise<void>): Promise<{ code: number | null; err: string }> {
    const directory = join(cwd, 'hostile');
    await rm(directory, { recursive: true, force: true });
    await cp(join(cwd, 'packages'), directory, { recursive: true });
    await change(directory);
    const { code, err, out } = await colophon(['image', 'build', 'it.yaml', '--packages', 'hostile', '--layout', 'hostile-out'], { cwd });
    expect(out).toBe('');
    return { code, err };
  }

  test('a foreign one beside the locked ones', async () => {
    const foreign = await withPackages((directory) =>
      writeFile(join(directory, 'y.deb'), debOf({ name: 'one', files: { 'usr/share/one/file': 'other\n' } })),
    );
    expect(foreign).toMatchObject({ code: 5, err: expect.stringContaining('CLI_PACKAGES_MISMATCH') });
  });

  test('one byte of a locked one changed, under its right name', async () => {
    const changed = await withPackages(async (directory) => {
      const bytes = await readFile(join(directory, 'x0.deb'));
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      await writeFile(
        join(
          directory,
          poolPath(packages[0] as { name: string })
            .split('/')
            .at(-1) as string,
        ),
        bytes,
      );
      await rm(join(directory, 'x0.deb'));
    });
    expect(changed).toMatchObject({ code: 5, err: expect.stringContaining('CLI_PACKAGES_MISMATCH') });
  });

  test('one is missing', async () => {
    const missing = await withPackages((directory) => rm(join(directory, 'x1.deb')));
    expect(missing).toMatchObject({ code: 3, err: expect.stringContaining('two 1.0-1') });
  });

  test('a symbolic link, a fifo, a directory in place of a file; another lock', async () => {
    const linked = await withPackages(async (directory) => {
      await rename(join(directory, 'x0.deb'), join(cwd, 'elsewhere.deb'));
      await symlink(join(cwd, 'elsewhere.deb'), join(directory, 'x0.deb'));
    });
    expect(linked).toMatchObject({ code: 2, err: expect.stringContaining('CLI_FILE_INVALID') });
    const fifo = await withPackages(async (directory) => void execFileSync('mkfifo', [join(directory, 'z.deb')]));
    expect(fifo.code).toBe(2);
    const folder = await withPackages((directory) => mkdir(join(directory, 'z.deb')));
    expect(folder.code).toBe(2);
    const forged = await withPackages(async (directory) => writeFile(join(directory, 'lock.json'), '{"version":1}'));
    expect(forged.code).toBe(6);
    const secret = await withPackages(async (directory) => {
      await rm(join(directory, 'lock.json'));
      await symlink(join(cwd, 'it.lock.json'), join(directory, 'lock.json'));
    });
    expect(secret.code).toBe(2);
  });

  test('a hard link counts as the file that it is', async () => {
    const { code } = await colophon(['image', 'build', 'it.yaml', '--packages', 'packages', '--layout', 'linked'], { cwd });
    await link(join(cwd, 'packages', 'x0.deb'), join(cwd, 'packages', 'again.deb'));
    expect(code).toBe(0);
    expect((await colophon(['image', 'build', 'it.yaml', '--packages', 'packages', '--layout', 'linked'], { cwd })).code).toBe(0);
  });
});

test('wrong usage', async () => {
  const build = (...args: string[]) => colophon(['image', 'build', ...args], { cwd });
  expect((await build('it.yaml')).code).toBe(2);
  expect((await build('it.yaml', '--layout', 'x', '--append-references', 'y')).code).toBe(2);
  expect((await build('it.yaml', '--layout', 'x', '--packages', 'packages', '--repository', 'localhost:1/a:tag')).code).toBe(2);
  expect((await build('it.yaml', '--layout', 'x', '--packages', 'packages', '--repository', 'A B\n')).code).toBe(2);
  expect((await build('it.yaml', '--layout', 'x', '--packages', 'packages', '--lock', 'it.lock.json')).code).toBe(2);
  expect((await build('top.yaml', '--layout', 'x', '--packages', 'packages')).code).toBe(2);
  expect((await build('it.yaml', '--layout', 'x', '--packages', 'packages', '--variant', 'none')).code).toBe(2);
  expect(await readdir(cwd)).not.toContain('y');
});

describe('show and diff', () => {
  test('show a layout by directory, tag and digest', async () => {
    const shown = await colophon(['image', 'show', 'given', '--packages'], { cwd });
    expect(shown.code, shown.err).toBe(0);
    expect(shown.out).toMatch(/two +1\.0-1/);
    const other = await colophon(['image', 'show', 'oci:given:other', '-o', 'json'], { cwd });
    const { images } = other.json<{ images: { descriptor: { digest: string }; config: { User?: string } }[] }>();
    expect(images[0]?.config.User).toBe('65532');
    expect((await colophon(['image', 'show', `oci:given@${images[0]?.descriptor.digest}`], { cwd })).code).toBe(0);
    expect((await colophon(['image', 'show', 'given', '--tag', 'none'], { cwd })).code).toBe(3);
    expect((await colophon(['image', 'show', './none'], { cwd })).code).toBe(3);
    expect((await colophon(['image', 'show', 'NOT A REFERENCE'], { cwd })).code).toBe(2);
  });

  test('each verdict has its exit code', async () => {
    expect((await colophon(['image', 'diff', 'given', 'fetched'], { cwd })).code).toBe(0);
    const different = await colophon(['image', 'diff', 'given', 'top', '--tag', 'other', '--tag-b', 'latest', '-o', 'json'], { cwd });
    expect(different.code).toBe(12);
    expect(different.json()).toMatchObject({ verdict: 'different', first: { field: 'layer' } });
    // The same layers, compressed by another program.
    const again = await createLayout(join(cwd, 'recompressed'));
    const layout = await openLayout(join(cwd, 'given'));
    const opened = await layout.manifest(
      (await layout.index()).manifests.find((one) => one.annotations?.[refNameKey] === 'latest') as Descriptor,
    );
    const { manifest } = opened as { manifest: Manifest };
    const layers = await Promise.all(
      manifest.layers.map(async (layer) => again.putBlob(gzipSync(gunzipSync(await layout.bytes(layer)), { level: 1 }), layer.mediaType)),
    );
    await again.putBlob(await layout.bytes(manifest.config), manifest.config.mediaType);
    await again.addManifest(await again.putBlob(Buffer.from(JSON.stringify({ ...manifest, layers })), opened.mediaType), 'latest');
    await layout.close();
    const recompressed = await colophon(['image', 'diff', 'given', 'recompressed'], { cwd });
    expect(recompressed.code, recompressed.err).toBe(10);
    expect(recompressed.out).toContain('diffid-identical');
    // Another configuration: what it runs as differs, the files do not.
    expect((await colophon(['image', 'diff', 'given', 'given', '--tag-b', 'other'], { cwd })).code).toBe(12);
  });

  test('a layout that lies is refused, and cannot steer the terminal', async () => {
    await cp(join(cwd, 'given'), join(cwd, 'lying'), { recursive: true });
    const blobs = join(cwd, 'lying', 'blobs', 'sha256');
    for (const name of await readdir(blobs)) await writeFile(join(blobs, name), '\u001b[2Jx');
    const shown = await colophon(['image', 'show', 'lying'], { cwd });
    expect(shown.code).not.toBe(0);
    expect(shown.out + shown.err).not.toContain('\u001b[2J');
  });
});
