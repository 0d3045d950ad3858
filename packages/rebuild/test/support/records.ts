import { builderId, provenance, type BuildFacts, type InTotoStatement } from '@colophon/attest';
import { canonicalJson, digestOf, type Digest } from '@colophon/core';

export const commit = 'c'.repeat(40);
export const cc: Digest = `sha256:${'4d'.repeat(32)}`;
export const builderDigest: Digest = `sha256:${'b1'.repeat(32)}`;
export const first = 'first.example:5000';

type Facts = { -readonly [Key in keyof BuildFacts]: BuildFacts[Key] };

const csi = (driver: string, volumeAttributes: Record<string, string>) => ({ csi: { driver: `${driver}.colophon.dev`, volumeAttributes } });

/** A run of one task whose step image is a tag, its bindings a branch, as a person writes them; and what the control plane recorded. */
export function records(): { run: Facts; task: Facts } {
  const taskSpec = {
    steps: [{ name: 'assemble', image: `${first}/colophon/builder:v1`, script: `colophon image build --repository ${first}/out/cc\n` }],
  };
  const pipelineSpec = {
    tasks: [
      { name: 'build', taskSpec },
      { name: 'check', taskRef: { name: 'check' } },
    ],
  };
  const common = {
    uid: 'uid-1',
    network: false,
    replayable: true,
    mode: 'sandbox' as const,
    startedAt: '2026-11-23T10:00:00Z',
    finishedAt: '2026-11-23T10:00:09Z',
    outcome: { succeeded: true, reason: 'Succeeded' },
    produced: [],
    results: [],
    claims: [],
    inputs: [],
    stepImages: [],
    definitions: [],
  };
  const run: Facts = {
    ...common,
    run: { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', namespace: 'builds', name: 'images-1' },
    spec: {
      workspaces: [
        { name: 'source', ...csi('source', { uri: 'https://git.example/r', revision: 'main' }) },
        { name: 'packages', ...csi('packages', { uri: 'git+https://git.example/r', revision: 'main', lock: 'cc.lock.json' }) },
        { name: 'images', ...csi('images', { repository: `${first}/out` }) },
        { name: 'unused', ...csi('source', { uri: 'https://git.example/other', revision: 'main' }) },
      ],
      params: [{ name: 'image', value: `${first}/colophon/builder:v1` }],
      pipelineSpec,
    },
    definitions: [
      { kind: 'Pipeline', name: 'images-1', spec: pipelineSpec, source: { kind: 'inline' }, digest: digestOf(canonicalJson(pipelineSpec)) },
    ],
  };
  const checkSpec = { steps: [{ name: 'look', image: `${first}/colophon/builder:v1` }] };
  const task: Facts = {
    ...common,
    uid: 'uid-2',
    run: { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', namespace: 'builds', name: 'images-1-build' },
    spec: {},
    definitions: [
      {
        kind: 'Task',
        name: 'images-1-build',
        pipelineTask: 'build',
        spec: taskSpec,
        source: { kind: 'inline' },
        digest: digestOf(canonicalJson(taskSpec)),
      },
      {
        kind: 'Task',
        name: 'check',
        pipelineTask: 'check',
        spec: checkSpec,
        source: { kind: 'store', uri: 'builds/tasks/check', revision: 'abc' },
        digest: digestOf(canonicalJson(checkSpec)),
      },
    ],
    inputs: [
      { workspace: 'src', kind: 'source', uri: 'git+https://git.example/r', revision: commit, digest: { gitCommit: commit } },
      {
        workspace: 'debs',
        kind: 'packages',
        uri: 'git+https://git.example/r',
        revision: commit,
        path: 'cc.lock.json',
        digest: { sha256: 'f0'.repeat(32) },
        snapshot: '2026-11-01T00:00:00Z',
        packages: ['libc6', 'zlib1g'].map((name, index) => ({
          name,
          version: '1',
          architecture: 'amd64',
          suite: 'trixie',
          path: `pool/${name}.deb`,
          sha256: `e${index}`.repeat(32),
          size: 10,
          signedBy: ['KEY1'],
          inRelease: 'aa'.repeat(32),
        })),
      },
    ],
    stepImages: [
      {
        task: 'build',
        step: 'assemble',
        reference: `${first}/colophon/builder:v1`,
        repository: `${first}/colophon/builder`,
        digest: builderDigest,
      },
      {
        task: 'check',
        step: 'look',
        reference: `${first}/colophon/builder:v1`,
        repository: `${first}/colophon/builder`,
        digest: builderDigest,
      },
    ],
    produced: [{ repository: `${first}/out/cc`, reference: `${first}/out/cc:latest`, digest: cc }],
  };
  return { run, task };
}

export function statementOf(change: (facts: ReturnType<typeof records>) => void = () => {}): InTotoStatement<Record<string, unknown>> {
  const { run, task } = records();
  change({ run, task });
  return provenance({
    record: run,
    children: [task],
    builder: { id: builderId('http://first.example:5000', 'sandbox'), version: {} },
  }) as InTotoStatement<Record<string, unknown>>;
}
