import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@colophon/oci';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildImage, type BuildResult } from '../../src/build/build.ts';
import { parseImageSpec } from '../../src/spec/parse.ts';
import { downloadPackages, has, type RealDeb } from '../support/apt.ts';
import { jsonOf } from '../support/build.ts';
import { lockOf } from '../support/deb.ts';

const usable = process.getuid?.() === 0 && ['umoci', 'runc', 'apt-get', 'ldconfig', 'gzip'].every(has);
if (!usable) console.log('skipped: needs root, umoci, runc, ldconfig, gzip and apt-get');

const place = mkdtempSync(join(tmpdir(), 'colophon-runtime-'));
const layout = join(place, 'layout');
let built: BuildResult;
let remove = () => {};

/** The cc example, of the packages that this machine's apt has, with programs to look at it from inside. */
function specOf(debs: readonly RealDeb[]): string {
  const names = debs.map(({ name }) => name).filter((name) => !['ca-certificates', 'busybox-static'].includes(name));
  return readFileSync(join(import.meta.dirname, '../../../../examples/images/cc.yaml'), 'utf8').replace(
    /packages:\n(?: {2}- .*\n)+/,
    `packages: [${names.join(', ')}]\n`,
  );
}

/** Runs a command in the unpacked image, as runc does it with the image's own configuration. */
function run(bundle: string, command: string[] | undefined): string {
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.process.terminal = false;
  if (command !== undefined) config.process.args = command;
  writeFileSync(path, JSON.stringify(config));
  return execFileSync('runc', ['--root', join(place, 'runc'), 'run', '-b', bundle, `colophon-${process.pid}`], { encoding: 'utf8' });
}

function unpack(tag: string): string {
  const bundle = join(place, `bundle-${tag}`);
  execFileSync('umoci', ['unpack', '--image', `${layout}:${tag}`, bundle], { stdio: ['ignore', 'ignore', 'pipe'] });
  return bundle;
}

describe.skipIf(!usable)('an image of real packages', () => {
  beforeAll(async () => {
    const downloaded = downloadPackages();
    ({ remove } = downloaded);
    const paths = new Map(downloaded.debs.map(({ sha256, path }) => [sha256, path]));
    const lock = lockOf(
      downloaded.debs.map(({ path: _path, ...one }) => one),
      { architecture: execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim() },
    );
    const spec = parseImageSpec(specOf(downloaded.debs).replace('[amd64]', `[${lock.architecture}]`));
    built = await buildImage({ spec, lock, debs: (sha256) => paths.get(sha256) as string, output: layout });
  });
  afterAll(() => {
    remove();
    rmSync(place, { recursive: true, force: true });
  });

  test('gzip -t takes every layer', () => {
    for (const { digest } of jsonOf<Manifest>(layout, built.descriptor.digest).layers) {
      execFileSync('gzip', ['-t'], { input: readFileSync(join(layout, 'blobs/sha256', digest.slice(7))) });
    }
  });

  test('umoci unpacks it, runc runs it: shell, accounts, libraries', () => {
    const bundle = unpack('debug-nonroot');
    expect(run(bundle, ['/busybox/sh', '-c', 'id -u; pwd; . /etc/os-release; echo $PRETTY_NAME'])).toBe(
      '65532\n/home/nonroot\nDistroless\n',
    );
    expect(run(bundle, ['/usr/bin/getent', 'passwd', 'nonroot'])).toBe('nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n');
  });

  test('ld.so.cache is byte for byte what ldconfig writes, but for the generator’s name', () => {
    const root = join(unpack('latest'), 'rootfs');
    const own = readFileSync(join(root, 'etc/ld.so.cache'));
    execFileSync('ldconfig', ['-r', root, '-X']);
    const theirs = readFileSync(join(root, 'etc/ld.so.cache'));
    const extension = own.readUInt32LE(32);
    expect(theirs.readUInt32LE(32)).toBe(extension);
    expect(own.subarray(0, extension).equals(theirs.subarray(0, extension))).toBe(true);
    expect(execFileSync('ldconfig', ['-r', root, '-p'], { encoding: 'utf8' })).toContain('libstdc++.so.6');
  });

  test('the links of busybox are those that it lists', () => {
    const bundle = unpack('debug');
    const listed = execFileSync(join(bundle, 'rootfs/usr/bin/busybox'), ['--list'], { encoding: 'utf8' }).trim().split('\n');
    const links = built.images.find(({ tag }) => tag === 'debug')?.manifests[0]?.layers.at(-1)?.entries ?? [];
    const names = links.filter(({ type }) => type === 'symlink').map(({ path }) => path.replace('busybox/', ''));
    expect(new Set(names)).toEqual(new Set(listed));
  });

  test('the certificates are those that the package has', () => {
    const bundle = join(place, 'bundle-latest/rootfs/etc/ssl/certs/ca-certificates.crt');
    const count = readFileSync(bundle, 'utf8').match(/BEGIN CERTIFICATE/g)?.length ?? 0;
    expect(count).toBeGreaterThan(100);
  });
});
