// The whole line on the real archive (as apt fetched and verified it, served from loopback), with apt as the judge.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLock } from '../../src/lock/create.ts';
import type { TestMirror } from '../support/mini-archive.ts';
import { apt, mirrorOfApt, missing, prepareApt, suites } from './apt.ts';

const sets = [
  ['libc6'],
  ['gcc', 'libc6-dev', 'binutils', 'dash', 'coreutils', 'base-files'],
  ['build-essential'],
  ['python3-minimal'],
  ['python3', 'python3-venv'],
  ['nodejs'],
  ['git'],
  ['curl', 'ca-certificates'],
  ['nginx'],
  ['perl'],
  ['openjdk-21-jre-headless'],
  ['postgresql-17'],
  ['redis-server'],
  ['golang-go'],
  ['rustc', 'cargo'],
  ['vim'],
  ['openssh-server'],
  ['ruby'],
  ['php-cli'],
  ['ffmpeg'],
];

describe.skipIf(missing !== undefined)('trixie', () => {
  let folder: string;
  let mirror: TestMirror;
  beforeAll(async () => {
    await prepareApt();
    folder = await mkdtemp(join(tmpdir(), 'colophon-trixie-'));
    mirror = await mirrorOfApt();
  });
  afterAll(async () => {
    await mirror.close();
    await rm(folder, { recursive: true });
  });

  const lock = (packages: readonly string[]) =>
    createLock({
      mirrors: { archive: mirror.url, security: mirror.url },
      suites,
      packages,
      architecture: 'amd64',
      mode: 'closure',
      cache: folder,
    });

  it.each(sets.map((set) => [set.join(' '), set] as const))(
    '%s: the packages and versions that apt-get -s install chooses',
    async (_title, packages) => {
      const output = await apt('apt-get', ['-s', '--no-install-recommends', 'install', ...packages]);
      const chosen = [...output.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => `${name} ${version}`).sort();
      expect(chosen.length).toBeGreaterThan(0);
      expect((await lock(packages)).packages.map(({ name, version }) => `${name} ${version}`).sort()).toEqual(chosen);
    },
  );

  it('every InRelease is signed by Debian’s keys', async () => {
    const { suites: locked } = await lock(['libc6']);
    expect(locked.map(({ name, inRelease }) => [name, inRelease.signedBy.length > 0])).toEqual(suites.map((name) => [name, true]));
  });
});
