import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chainsPayload, parseChainsConfig, predicateTypes } from '@colophon/attest';
import { digestOf, sha256Hex } from '@colophon/core';
import type { BuildRecord, ProducedImage } from '@colophon/runner';
import { openObjectStore, type KubeObject, type ObjectStore } from '@colophon/store';
import type { Unsigned } from '../../src/attestor/attestor.ts';
import { createStatements } from '../../src/attestor/statements.ts';
import { resources } from '../../src/index.ts';
import { place } from '../support/place.ts';

const reference = (kind: 'PipelineRun' | 'TaskRun', name: string) =>
  ({ apiVersion: 'tekton.dev/v1', kind, namespace: 'default', name, uid: `uid-${name}` }) as const;
const mine = digestOf('what the run made');
const victims = digestOf('somebody else’s image');

const produced: ProducedImage = {
  task: 'build',
  workspace: 'images',
  repository: 'registry.example/app/hello',
  reference: 'registry.example/app/hello:latest',
  digest: mine,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 7,
};

function record(kind: 'PipelineRun' | 'TaskRun', name: string, more: Partial<BuildRecord>): BuildRecord {
  return {
    version: 1,
    run: reference(kind, name),
    kind,
    uid: `uid-${name}`,
    children: [],
    spec: { params: [] },
    definitions: [],
    inputs: [],
    stepImages: [],
    produced: [],
    results: [],
    claims: [],
    network: false,
    replayable: true,
    notReplayable: [],
    mode: 'sandbox',
    startedAt: '2026-11-23T10:00:00Z',
    finishedAt: '2026-11-23T10:00:09Z',
    outcome: { succeeded: true, reason: 'Succeeded', message: 'ok' },
    status: {},
    ...more,
  };
}

const condition = { type: 'Succeeded', status: 'True', reason: 'Succeeded', message: 'ok' };
const times = { startTime: '2026-11-23T10:00:00Z', completionTime: '2026-11-23T10:00:09Z' };
const results = [
  {
    name: 'IMAGES',
    type: 'string',
    value: `registry.example/app/hello:latest@${mine},registry.example/app/victim@${victims},registry.example/app/other@${mine}`,
  },
  { name: 'x-ARTIFACT_OUTPUTS', type: 'object', value: { uri: 'registry.example/app/victim', digest: victims, isBuildArtifact: 'true' } },
  { name: 'CHAINS-GIT_URL', type: 'string', value: 'https://claimed.example/r' },
  { name: 'CHAINS-GIT_COMMIT', type: 'string', value: 'a'.repeat(40) },
];

const taskSpec = { steps: [{ name: 'a', image: 'registry.example/builder' }] };
const pipelineSpec = { tasks: [{ name: 'build', taskSpec }] };
const ended = { conditions: [condition], ...times, results };
const step = {
  name: 'a',
  container: 'step-a',
  imageID: `registry.example/builder@${mine}`,
  terminated: { exitCode: 0, reason: 'Completed' },
};

/** A PipelineRun of one task that has just ended: its records are there, and the API does not show it yet. */
async function finished(store: ObjectStore): Promise<BuildRecord> {
  const label = { 'tekton.dev/pipelineTask': 'build' };
  const { uid: childUid } = await put(store, 'taskruns', 'TaskRun', { name: 'run-build', labels: label }, { taskSpec });
  const { uid } = await put(store, 'pipelineruns', 'PipelineRun', { name: 'run' }, { pipelineSpec });
  const child = { ...reference('TaskRun', 'run-build'), uid: childUid };
  const childReferences = [{ apiVersion: 'tekton.dev/v1', kind: 'TaskRun', name: 'run-build', pipelineTaskName: 'build' }];
  const run = record('PipelineRun', 'run', {
    run: { ...reference('PipelineRun', 'run'), uid },
    uid,
    children: [{ ...child, pipelineTask: 'build' }],
    spec: { pipelineSpec },
    status: { ...ended, pipelineSpec, childReferences },
  });
  const task = record('TaskRun', 'run-build', {
    run: child,
    uid: childUid,
    parent: run.run,
    spec: { taskSpec },
    status: { ...ended, taskSpec, steps: [step] },
    produced: [produced],
    claims: [
      { task: 'build', result: 'IMAGES', uri: 'registry.example/app/victim', digest: victims, verdict: 'refused', reason: 'not produced' },
    ],
  });
  for (const build of [run, task])
    await store.create(resources.builds, {
      apiVersion: 'colophon.dev/v1',
      kind: 'Build',
      metadata: { name: build.uid, namespace: 'default' },
      spec: build,
    });
  return run;
}

async function put(
  store: ObjectStore,
  resource: 'taskruns' | 'pipelineruns',
  kind: string,
  metadata: KubeObject['metadata'],
  spec: object,
): Promise<{ uid: string }> {
  const made = await store.create(resources[resource], {
    apiVersion: 'tekton.dev/v1',
    kind,
    metadata: { ...metadata, namespace: 'default' },
    spec,
  });
  return { uid: made.metadata.uid as string };
}

async function statements(formats: readonly string[], sbom: (image: { repository: string }) => object | undefined = () => undefined) {
  const directory = await place();
  const store = await openObjectStore(join(directory, 'objects.sqlite'));
  onTestFinished(() => store.close());
  const run = await finished(store);
  const logs = join(directory, 'runs', run.children[0]?.uid ?? '');
  await mkdir(logs, { recursive: true });
  await writeFile(join(logs, 'step-a.log'), 'hello\n');
  const unsigned = createStatements({
    store,
    logs: join(directory, 'runs'),
    publicUrl: () => new URL('https://build.example.org/'),
    version: '1.2.3',
    sbom: async (image) => sbom(image) as never,
    chains: formats.map((format) => parseChainsConfig({ 'artifacts.taskrun.format': format, 'artifacts.pipelinerun.format': format })),
  });
  return { list: await unsigned(run), again: await unsigned(run), unsigned, store, run };
}

type Statement = Extract<Unsigned, { kind: 'statement' }>;
const statementsOf = (list: readonly Unsigned[]) => list.filter((item): item is Statement => item.kind === 'statement');

function provenanceOf(list: readonly Unsigned[]): { subject: unknown; predicate: any } {
  const [first] = statementsOf(list);
  return first?.statement as { subject: unknown; predicate: any };
}

describe('what is signed for a finished run', () => {
  it('is one provenance over all its images, and for each image both kinds of signature', async () => {
    const { list, again } = await statements([]);
    expect(list.map(({ kind, name }) => `${kind}: ${name}`)).toEqual([
      'statement: provenance',
      'simplesigning: signature registry.example/app/hello',
      'statement: image signature registry.example/app/hello',
    ]);
    const [provenance] = statementsOf(list);
    expect(provenance?.statement).toMatchObject({
      predicateType: predicateTypes.slsaV1,
      subject: [{ name: 'registry.example/app/hello', digest: { sha256: mine.slice(7) } }],
      predicate: { runDetails: { builder: { id: 'https://build.example.org/builders/sandbox', version: { colophon: '1.2.3' } } } },
    });
    for (const { images } of list) expect(images.map(({ digest }) => digest)).toEqual([mine]);
    // The same record, the same statements: a repetition after a crash signs nothing else.
    expect(again).toEqual(list);
  });

  it('a forged claim stands in it as what it is, and never among subjects or dependencies', async () => {
    const { subject, predicate } = provenanceOf((await statements([])).list);
    expect(JSON.stringify([subject, predicate.buildDefinition.resolvedDependencies])).not.toMatch(victims.slice(7));
    expect(predicate.runDetails.byproducts.filter(({ name }: { name: string }) => name.startsWith('claim/'))).toEqual([
      expect.objectContaining({ digest: { sha256: victims.slice(7) }, annotations: expect.objectContaining({ verdict: 'refused' }) }),
    ]);
  });

  it('names the logs as they are kept', async () => {
    const logs = provenanceOf((await statements([])).list).predicate.runDetails.byproducts.filter(({ name }: { name: string }) =>
      name.startsWith('log/'),
    );
    expect(logs).toEqual([
      expect.objectContaining({ name: 'log/build/a', digest: { sha256: sha256Hex('hello\n') }, annotations: { size: 6 } }),
    ]);
  });

  it('a run that produced nothing is not attested, whatever its results say', async () => {
    const { unsigned, run } = await statements(['slsa/v1']);
    expect(await unsigned({ ...run, children: [] })).toEqual([]);
  });

  it('with a bill of materials, that too', async () => {
    const { list } = await statements([], () => ({ spdxVersion: 'SPDX-2.3' }));
    expect(statementsOf(list).find(({ name }) => name.startsWith('SBOM'))?.statement).toMatchObject({
      predicateType: predicateTypes.spdx,
      subject: [{ name: 'registry.example/app/hello' }],
    });
  });
});

describe('formats of Chains, by configuration', () => {
  it.each([
    [[], []],
    [['slsa/v1'], ['https://slsa.dev/provenance/v0.2']],
    [['in-toto'], ['https://slsa.dev/provenance/v0.2']],
    [['slsa/v2alpha4'], ['https://slsa.dev/provenance/v1']],
    [
      ['slsa/v1', 'slsa/v2alpha4'],
      ['https://slsa.dev/provenance/v0.2', 'https://slsa.dev/provenance/v1'],
    ],
  ])('%j', async (formats, types) => {
    const chains = statementsOf((await statements(formats)).list).filter(({ name }) => name.startsWith('chains '));
    // Chains signs for the PipelineRun, and for its TaskRun by itself.
    expect(chains.map(({ name, statement }) => [name, statement.predicateType])).toEqual(
      types.flatMap((type) => [
        [expect.stringMatching(/^chains pipelinerun-/), type],
        [expect.stringMatching(/^chains taskrun-/), type],
      ]),
    );
  });

  it.each(['slsa/v1', 'slsa/v2alpha3', 'slsa/v2alpha4'])(
    '%s: our key vouches for what the run produced, under its name, and for nothing else that a step says',
    async (format) => {
      const chains = statementsOf((await statements([format])).list).filter(({ name }) => name.startsWith('chains '));
      expect(chains).toHaveLength(2);
      for (const { statement, images } of chains) {
        expect(statement.subject).toEqual([{ name: 'registry.example/app/hello', digest: { sha256: mine.slice(7) } }]);
        expect(images.map(({ repository }) => repository)).toEqual(['registry.example/app/hello']);
      }
    },
  );

  it('that Chains itself would put there: the control', async () => {
    const { run } = await statements([]);
    const config = parseChainsConfig({ 'artifacts.pipelinerun.format': 'slsa/v1' });
    const object = { ...run.run, metadata: run.run, spec: run.spec, status: { ...run.status, childReferences: [] } };
    const [payload] = Object.values(chainsPayload(config, object as never).payloads);
    expect(JSON.stringify(payload)).toContain(`"digest":{"sha256":"${victims.slice(7)}"}`);
  });

  it('are those of the run as it ended, whatever became of the object: gone, another one of its name, written over', async () => {
    const { list, unsigned, store, run } = await statements(['slsa/v2alpha4']);
    const forged = {
      conditions: [condition],
      results: [{ name: 'IMAGES', type: 'string', value: `registry.example/app/hello@${mine}` }],
      steps: [],
    };
    const written = await store.get(resources.pipelineruns, 'default', 'run');
    await store.updateStatus(resources.pipelineruns, { ...(written as KubeObject), status: forged });
    expect(await unsigned(run)).toEqual(list);
    await store.delete(resources.pipelineruns, 'default', 'run');
    await put(store, 'pipelineruns', 'PipelineRun', { name: 'run', labels: { of: 'another' } }, { params: [{ name: 'x', value: 'y' }] });
    expect(JSON.stringify(await unsigned(run))).not.toMatch('"of":"another"');
    expect((await unsigned(run)).length).toBe(list.length);
  });

  it('an unknown format is refused at the start', () =>
    expect(() => parseChainsConfig({ 'artifacts.taskrun.format': 'slsa/v9' })).toThrow(
      expect.objectContaining({ code: 'ATTEST_CHAINS_CONFIG' }),
    ));
});
