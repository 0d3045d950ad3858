import { describe, expect, it } from 'vitest';
import { predicateTypes, statementTypes, type InTotoStatement } from '@colophon/attest';
import type { Lock } from '@colophon/debian';
import { imageBuildType, readRecipe } from '../../src/index.ts';
import { statementOf } from '../support/records.ts';

const digest = `sha256:${'ab'.repeat(32)}` as const;
const hash = 'ee'.repeat(32);

const lock: Lock = {
  version: 1,
  snapshot: '2026-11-01T00:00:00Z',
  architecture: 'amd64',
  mode: 'explicit',
  request: ['tool'],
  suites: [
    {
      name: 'trixie',
      archive: 'archive',
      origin: 'Debian',
      suite: 'stable',
      codename: 'trixie',
      components: ['main'],
      inRelease: { path: 'dists/trixie/InRelease', size: 1, sha256: hash, date: '2026-11-01T00:00:00Z', signedBy: ['A'.repeat(40)] },
      indices: [
        { component: 'main', path: 'dists/trixie/main/binary-amd64/Packages.xz', size: 1, sha256: hash, plain: { size: 1, sha256: hash } },
      ],
    },
  ],
  packages: [
    {
      name: 'tool',
      version: '1',
      architecture: 'amd64',
      source: 'tool',
      sourceVersion: '1',
      suite: 'trixie',
      component: 'main',
      path: 'pool/main/t/tool_1_amd64.deb',
      size: 1,
      sha256: hash,
      why: ['asked for'],
    },
  ],
};

function recipeStatement(change: (definition: any) => void = () => {}): InTotoStatement {
  const definition = {
    buildType: imageBuildType,
    externalParameters: { spec: { version: 1, name: 'builder', architectures: ['amd64'], packages: 'all' }, lock },
    internalParameters: { encoder: 'colophon-deflate@1' },
    resolvedDependencies: [
      { uri: 'pkg:deb/debian/tool@1?arch=amd64', digest: { sha256: hash } },
      { name: '/opt/program/main.js', digest: { sha256: hash } },
    ],
  };
  change(definition);
  return {
    _type: statementTypes.v1,
    predicateType: predicateTypes.slsaV1,
    subject: [{ name: 'first.example/colophon/builder', digest: { sha256: digest.slice('sha256:'.length) } }],
    predicate: { buildDefinition: definition, runDetails: { builder: { id: 'http://first.example/builders/control-plane' } } },
  };
}

describe('the recipe of a step image', () => {
  it('is all of it by hash', () => {
    expect(readRecipe(recipeStatement(), digest)).toMatchObject({
      subject: { repository: 'first.example/colophon/builder', digest },
      spec: { name: 'builder', packages: 'all' },
      lock: { packages: [{ name: 'tool' }] },
      encoder: 'colophon-deflate@1',
      files: [{ path: '/opt/program/main.js', sha256: hash }],
    });
  });

  it('is in no other build type', () => expect(readRecipe(statementOf(), digest)).toBeUndefined());

  it('is that of the image asked for', () => {
    expect(() => readRecipe(recipeStatement(), `sha256:${'00'.repeat(32)}`)).toThrow(
      expect.objectContaining({ code: 'REBUILD_SUBJECT_UNKNOWN' }),
    );
  });

  it.each([
    ['a file that leads out', (one: any) => (one.resolvedDependencies[1].name = '/opt/../../etc/passwd')],
    ['a file at a relative path', (one: any) => (one.resolvedDependencies[1].name = 'etc/passwd')],
    ['a file without a hash', (one: any) => (one.resolvedDependencies[1].digest = { sha1: 'ee'.repeat(20) })],
    ['no specification', (one: any) => delete one.externalParameters.spec],
    ['a specification that knows more', (one: any) => (one.externalParameters.spec.run = 'curl')],
    [
      'a lock that leads out',
      (one: any) => (one.externalParameters.lock = { ...lock, packages: [{ ...lock.packages[0], path: '../x.deb' }] }),
    ],
  ])('is refused with %s', (_name, change) => {
    expect(() => readRecipe(recipeStatement(change), digest)).toThrow(expect.objectContaining({ code: 'REBUILD_RECORD_INVALID' }));
  });
});
