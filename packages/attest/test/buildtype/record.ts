import type { BuildRecord } from '@colophon/runner';

const digest = (byte: string) => `sha256:${byte.repeat(32)}` as const;
const reference = { apiVersion: 'tekton.dev/v1', namespace: 'default' } as const;

const deb = (name: string, version: string) => ({
  name,
  version,
  architecture: 'amd64',
  suite: 'trixie',
  path: `pool/main/${name}_${version}_amd64.deb`,
  sha256: 'd0'.repeat(32),
  size: 1234,
  signedBy: ['FINGERPRINT2', 'FINGERPRINT1'],
  inRelease: 'e0'.repeat(32),
});

/** A run as the runner records it: the PipelineRun and its one TaskRun. */
export function record(): { run: BuildRecord; task: BuildRecord } {
  const empty = { definitions: [], inputs: [], stepImages: [], produced: [], results: [], claims: [] };
  const common = {
    version: 1,
    spec: { pipelineRef: { name: 'images' }, params: [{ name: 'p', value: 'v' }] },
    network: false,
    replayable: true,
    startedAt: '2026-11-23T10:00:00Z',
    finishedAt: '2026-11-23T10:00:09Z',
    outcome: { succeeded: true, reason: 'Succeeded', message: 'ok' },
    children: [],
    notReplayable: [],
    status: {},
  } as const;
  const run: BuildRecord = {
    ...common,
    ...empty,
    run: { ...reference, kind: 'PipelineRun', name: 'images-1', uid: 'uid-1' },
    kind: 'PipelineRun',
    uid: 'uid-1',
    mode: 'sandbox',
    definitions: [
      {
        kind: 'Pipeline',
        name: 'images',
        spec: { tasks: [{ name: 'build' }] },
        source: { kind: 'store', uri: 'default/pipelines/images' },
        digest: digest('1a'),
      },
    ],
    inputs: [
      {
        workspace: 'source',
        kind: 'source',
        uri: 'git+https://git.example/r',
        revision: 'c'.repeat(40),
        digest: { gitCommit: 'c'.repeat(40) },
      },
      {
        workspace: 'packages',
        kind: 'packages',
        uri: 'git+https://git.example/r',
        path: 'lock.json',
        snapshot: '2026-11-20T00:00:00Z',
        digest: { sha256: 'f0'.repeat(32) },
        packages: [deb('libstdc++6', '14.2.0-19'), deb('base-files', '1:13.8+deb13u1~x')],
      },
    ],
  };
  const task: BuildRecord = {
    ...common,
    ...empty,
    run: { ...reference, kind: 'TaskRun', name: 'images-1-build', uid: 'uid-2' },
    kind: 'TaskRun',
    uid: 'uid-2',
    parent: run.run,
    mode: 'sandbox',
    definitions: [
      { kind: 'Task', name: 'build', pipelineTask: 'build', spec: { steps: [] }, source: { kind: 'inline' }, digest: digest('2b') },
    ],
    inputs: run.inputs,
    stepImages: ['one', 'two'].map((step) => ({
      task: 'build',
      step,
      reference: 'localhost/builder:1',
      repository: 'localhost/builder',
      digest: digest('3c'),
    })),
    produced: ['static', 'base'].map((name) => ({
      task: 'build',
      workspace: 'images',
      repository: `localhost/out/${name}`,
      reference: `localhost/out/${name}:latest`,
      digest: digest('4d'),
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      size: 5,
    })),
    results: [{ name: 'CHAINS-GIT_COMMIT', type: 'string', value: 'a'.repeat(40), task: 'build' }],
    claims: [
      {
        task: 'build',
        result: 'IMAGES',
        uri: 'evil.example/x',
        digest: digest('66'),
        verdict: 'refused',
        reason: 'this run did not produce it',
      },
      { task: 'build', result: 'x-ARTIFACT_INPUTS', uri: 'https://claimed.example/in', digest: digest('55'), verdict: 'noted' },
      { task: 'build', result: 'y-ARTIFACT_INPUTS', uri: 'https://claimed.example/bad', digest: 'sha256:zz', verdict: 'noted' },
    ],
  };
  return { run, task };
}
