// Chains' reading of type hints (docs/slsa-provenance.md), go-containerregistry's of names, and configurations.
import { describe, expect, it } from 'vitest';
import { chainsPayload, parseChainsConfig } from '../../src/index.ts';

const hex = 'a'.repeat(64);
const config = parseChainsConfig({});
const status = { conditions: [{ type: 'Succeeded', status: 'True' }] };
const run = (results: { name: string; value: any }[]) => ({
  kind: 'TaskRun',
  metadata: { name: 'r', uid: 'u' },
  status: { ...status, results },
});
const subjects = (results: { name: string; value: any }[], data: Record<string, string> = {}) => {
  const payload = chainsPayload(parseChainsConfig(data), run(results)).payloads['taskrun-u'];
  return payload?.kind === 'statement' ? (payload.statement.subject ?? []).map(({ name }) => name) : undefined;
};

describe('image names', () => {
  it.each([
    ['busybox', 'index.docker.io/library/busybox'],
    ['docker.io/a/b', 'index.docker.io/a/b'],
    ['me/app:tag', 'index.docker.io/me/app'],
    ['localhost/app', 'localhost/app'],
    ['127.0.0.1:5000/app:1', '127.0.0.1:5000/app'],
    ['reg.example/a/b/c', 'reg.example/a/b/c'],
  ])('%s is %s', (name, expected) => {
    expect(subjects([{ name: 'IMAGES', value: `${name}@sha256:${hex}` }])).toEqual([expected]);
  });
  it.each(['a', 'UPPER/x', 'reg.example/', `reg.example/a@sha256:${hex}`, 'reg.example/a b'])('%s is none', (name) => {
    expect(
      subjects([
        { name: 'IMAGE_URL', value: name },
        { name: 'IMAGE_DIGEST', value: `sha256:${hex}` },
      ]),
    ).toEqual([]);
  });
});

describe('lists of images', () => {
  it('are set apart by commas and lines; one invalid entry voids the list', () => {
    const good = ['app', 'base'].map((name) => `reg.example/${name}@sha256:${hex}`);
    expect(subjects([{ name: 'IMAGES', value: ` ${good[0]},\n${good[1]}\n` }])).toEqual(['reg.example/app', 'reg.example/base']);
    expect(subjects([{ name: 'IMAGES', value: `${good[0]},reg.example/base:latest` }])).toEqual([]);
    expect(subjects([{ name: 'my-IMAGES', value: good[0] }])).toEqual([]);
  });
});

describe('artifacts', () => {
  const output = (extra: object = {}) => ({
    name: 'x-ARTIFACT_OUTPUTS',
    value: { uri: 'reg.example/out', digest: `sha256:${hex}`, ...extra },
  });
  it('differ between formats', () => {
    expect(subjects([output()])).toEqual(['reg.example/out']);
    expect(subjects([output()], { 'artifacts.taskrun.format': 'slsa/v2alpha4' })).toEqual([]);
    expect(subjects([output({ isBuildArtifact: 'true' })], { 'artifacts.taskrun.format': 'slsa/v2alpha4' })).toEqual(['reg.example/out']);
  });
  it('that call themselves build artifacts are signed as images', () => {
    expect(Object.keys(chainsPayload(config, run([output({ isBuildArtifact: 'true' })])).payloads).sort()).toEqual([
      hex.slice(0, 12),
      'taskrun-u',
    ]);
    expect(Object.keys(chainsPayload(config, run([output()])).payloads)).toEqual(['taskrun-u']);
  });
});

describe('configurations', () => {
  it('switch kinds off', () => {
    const result = [{ name: 'IMAGES', value: `reg.example/app@sha256:${hex}` }];
    const keys = (data: Record<string, string>) => Object.keys(chainsPayload(parseChainsConfig(data), run(result)).payloads);
    expect(keys({ 'artifacts.taskrun.storage': '' })).toEqual([hex.slice(0, 12)]);
    expect(keys({ 'artifacts.oci.storage': '' })).toEqual(['taskrun-u']);
    expect(keys({ 'artifacts.oci.signer': 'none', 'artifacts.taskrun.signer': 'none' })).toEqual([]);
  });
  it.each([
    { 'artifacts.taskrun.format': 'slsa/v3' },
    { 'artifacts.oci.format': 'notary' },
    { 'builddefinition.buildtype': 'https://example.com' },
    { 'artifacts.pipelinerun.enable-deep-inspection': 'yes' },
  ])('are refused: %j', (data) => {
    expect(() => parseChainsConfig(data)).toThrow(expect.objectContaining({ code: 'ATTEST_CHAINS_CONFIG' }));
  });
});

it('a run that is not finished is left alone', () => {
  expect(chainsPayload(config, { kind: 'TaskRun', metadata: {}, status: {} }).outcome).toBe('skipped');
});

it('a child that is gone makes a PipelineRun be skipped', () => {
  const parent = {
    kind: 'PipelineRun',
    metadata: { uid: 'p' },
    status: { ...status, childReferences: [{ kind: 'TaskRun', name: 'gone' }] },
  };
  expect(chainsPayload(config, parent, [])).toMatchObject({ outcome: 'skipped', payloads: {} });
});

it('a matrix gives one attestation for each TaskRun, and finally tasks come after the last task', () => {
  const child = (name: string, task: string) => ({
    kind: 'TaskRun',
    metadata: { name, labels: { 'tekton.dev/pipelineTask': task } },
    status: { ...status, completionTime: '2026-01-01T00:00:00Z', startTime: '2026-01-01T00:00:00Z', taskSpec: { steps: [] }, steps: [] },
  });
  const children = [child('r-m-0', 'm'), child('r-m-1', 'm'), child('r-f', 'f')];
  const parent = {
    kind: 'PipelineRun',
    apiVersion: 'tekton.dev/v1',
    metadata: { uid: 'p' },
    status: {
      ...status,
      childReferences: children.map(({ metadata }) => ({ kind: 'TaskRun', name: metadata.name })),
      pipelineSpec: {
        tasks: [{ name: 'm', params: [{ name: 'x', value: ['$(tasks.other.results.y[*])'] }] }],
        finally: [{ name: 'f' }],
      },
    },
  };
  const payload = chainsPayload(config, parent, children).payloads['pipelinerun-p'] as any;
  expect(payload.statement.predicate.buildConfig.tasks.map(({ name, after }: any) => [name, after])).toEqual([
    ['m', ['other']],
    ['m', ['other']],
    ['f', ['m']],
  ]);
});
