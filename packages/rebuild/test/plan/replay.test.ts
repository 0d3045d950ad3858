import { describe, expect, it } from 'vitest';
import { readProvenance, statementTypes, type InTotoStatement } from '@colophon/attest';
import { canonicalJson, digestOf } from '@colophon/core';
import { replayPlan } from '../../src/index.ts';
import { builderDigest, cc, commit, first, statementOf } from '../support/records.ts';

const second = '127.0.0.1:7777';
const planOf = (statement: InTotoStatement = statementOf()) => replayPlan(statement, { digest: cc });
const refused = (code: string, message: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(message) as string });
const notReplayable = (message: RegExp) => refused('REBUILD_NOT_REPLAYABLE', message);

/** The statement as a stranger might have had it signed. */
function changed(change: (predicate: any, statement: any) => void): InTotoStatement {
  const statement = structuredClone(statementOf());
  change(statement.predicate, statement);
  return statement;
}

describe('what is submitted', () => {
  const objects = planOf().objects(second);
  const run = objects.at(-1);
  const workspaces = run?.spec['workspaces'] as { name: string; csi: { volumeAttributes: Record<string, string> } }[];
  const attributes = (name: string) => workspaces.find((one) => one.name === name)?.csi.volumeAttributes;

  it('is the run under its own name, after the definitions of the store', () => {
    expect(objects.map(({ kind, metadata }) => [kind, metadata])).toEqual([
      ['Task', { name: 'check', namespace: 'builds', annotations: { 'colophon.dev/source-revision': 'abc' } }],
      ['PipelineRun', { name: 'images-1', namespace: 'builds' }],
    ]);
  });

  it('binds sources and locks at the recorded commits, whatever a branch is called', () => {
    expect(attributes('source')).toEqual({ uri: 'https://git.example/r', revision: commit });
    expect(attributes('packages')).toEqual({ uri: 'git+https://git.example/r', revision: commit, lock: 'cc.lock.json' });
  });

  it('leaves a binding that no step mounted', () =>
    expect(attributes('unused')).toEqual({ uri: 'https://git.example/other', revision: 'main' }));

  it('sends images to the second registry, under the same path', () =>
    expect(attributes('images')).toEqual({ repository: `${second}/out` }));

  it('names step images by the digest that ran, in the run and in definitions of the store', () => {
    const { tasks } = (run as NonNullable<typeof run>).spec['pipelineSpec'] as { tasks: { taskSpec: { steps: { image: string }[] } }[] };
    expect(tasks[0]?.taskSpec.steps[0]?.image).toBe(`${first}/colophon/builder@${builderDigest}`);
    expect(objects[0]?.spec['steps']).toEqual([{ name: 'look', image: `${first}/colophon/builder@${builderDigest}` }]);
  });

  it('leaves what steps read as it was, even where it names the first registry', () => {
    expect(canonicalJson(run?.spec)).toContain(`--repository ${first}/out/cc`);
    expect(run?.spec['params']).toEqual([{ name: 'image', value: `${first}/colophon/builder:v1` }]);
  });

  it('does not change what was recorded', () => {
    const statement = statementOf();
    const before = canonicalJson(statement);
    planOf(statement).objects(second);
    expect(canonicalJson(statement)).toBe(before);
  });
});

describe('what is expected of the replay', () => {
  it('is what was recorded, a pinned definition with its new digest', () => {
    const plan = planOf();
    const pinned = canonicalJson({ steps: [{ name: 'look', image: `${first}/colophon/builder@${builderDigest}` }] });
    const expected = plan.expected(second);
    expect(expected.map(({ descriptor }) => descriptor.name)).toEqual(readProvenance(statementOf()).dependencies.map(({ name }) => name));
    expect(expected.find(({ descriptor }) => descriptor.name === 'definition/task/check')?.descriptor).toMatchObject({
      digest: { sha256: digestOf(pinned).slice('sha256:'.length) },
    });
    expect(expected.filter(({ derived }) => derived).map(({ descriptor }) => descriptor.name)).toEqual([
      'definition/pipeline',
      'definition/task/build',
    ]);
  });

  it('holds every definition to its digest where nothing was pinned', () => {
    const byDigest = `${first}/colophon/builder@${builderDigest}`;
    const statement = statementOf(({ run, task }) => {
      task.stepImages = task.stepImages.map((image) => ({ ...image, reference: byDigest }));
      const text = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll(`${first}/colophon/builder:v1`, byDigest)) as never;
      run.spec = text(run.spec);
      task.definitions = task.definitions.map((one) => {
        const spec = text(one.spec) as Record<string, unknown>;
        return { ...one, spec, digest: digestOf(canonicalJson(spec)) };
      });
    });
    expect(
      planOf(statement)
        .expected(second)
        .filter(({ derived }) => derived),
    ).toEqual([]);
    expect(
      planOf(statement)
        .expected(second)
        .map(({ descriptor }) => descriptor),
    ).toEqual(readProvenance(statement).dependencies);
  });
});

describe('what cannot be replayed', () => {
  it.each([
    ['a networked step', (predicate: any) => (predicate.buildDefinition.internalParameters.network = true), /network/],
    ['no word about the network', (predicate: any) => delete predicate.buildDefinition.internalParameters.network, /network/],
    ['a Secret', (predicate: any) => (predicate.buildDefinition.internalParameters.replayable = false), /Secret/],
    ['no promise', (predicate: any) => delete predicate.buildDefinition.internalParameters.replayable, /does not fix/],
    ['"true" as text', (predicate: any) => (predicate.buildDefinition.internalParameters.replayable = 'true'), /does not fix/],
    ['another build type', (predicate: any) => (predicate.buildDefinition.buildType = 'https://tekton.dev/chains/v2/slsa'), /of type/],
    ['a run that was stopped', (predicate: any) => (predicate.buildDefinition.externalParameters.spec.status = 'Cancelled'), /stopped/],
  ])('%s', (_name, change, message) => {
    expect(() => planOf(changed(change))).toThrow(notReplayable(message));
  });

  it('a tag that moved while the build ran', () => {
    const statement = statementOf(({ task }) => {
      const [one, two] = task.stepImages as [(typeof task.stepImages)[0], (typeof task.stepImages)[0]];
      task.stepImages = [one, { ...two, digest: `sha256:${'b2'.repeat(32)}` }];
    });
    expect(() => planOf(statement).objects(second)).toThrow(notReplayable(/tag .* moved/));
  });

  it('a branch that moved while the build ran', () => {
    const statement = statementOf(({ task }) => {
      task.inputs = [
        ...task.inputs,
        { ...task.inputs[0], workspace: 'later', digest: { gitCommit: 'd'.repeat(40) } } as (typeof task.inputs)[0],
      ];
    });
    expect(() => planOf(statement).objects(second)).toThrow(notReplayable(/several commits/));
  });

  it('a definition that changed while the build ran, or came from elsewhere', () => {
    const dependency = (predicate: any) =>
      predicate.buildDefinition.resolvedDependencies.find(({ name }: any) => name === 'definition/task/check');
    const other = Buffer.from('{"steps":[]}');
    const twice = changed((predicate) => {
      const digest = { sha256: digestOf(other).slice('sha256:'.length) };
      predicate.buildDefinition.resolvedDependencies.push({
        ...dependency(predicate),
        name: 'definition/task/again',
        digest,
        content: other.toString('base64'),
      });
    });
    expect(() => planOf(twice)).toThrow(notReplayable(/changed/));
    const remote = changed((predicate) => (dependency(predicate).annotations.source = 'remote'));
    expect(() => planOf(remote)).toThrow(notReplayable(/cannot be replayed/));
    const forged = changed((predicate) => (dependency(predicate).content = other.toString('base64')));
    expect(() => planOf(forged)).toThrow(refused('REBUILD_RECORD_INVALID', /does not have its digest/));
  });
});

describe('what contradicts itself', () => {
  it('names other images', () => {
    expect(() => replayPlan(statementOf(), { digest: `sha256:${'00'.repeat(32)}` })).toThrow(
      refused('REBUILD_SUBJECT_UNKNOWN', /nothing of/),
    );
  });

  it.each([
    ['a run of another kind', (predicate: any) => (predicate.buildDefinition.externalParameters.run.kind = 'Job')],
    ['no run', (predicate: any) => delete predicate.buildDefinition.externalParameters.run],
    ['a spec that is a list', (predicate: any) => (predicate.buildDefinition.externalParameters.spec = [])],
    [
      'a step image that is in no registry',
      (predicate: any) => (predicate.buildDefinition.resolvedDependencies.find(({ name }: any) => name === 'image').uri = 'file:///x'),
    ],
    ['a subject without a name', (_predicate: any, statement: any) => delete statement.subject[0].name],
  ])('%s', (_name, change) => {
    expect(() => planOf(changed(change))).toThrow(refused('REBUILD_RECORD_INVALID', /cannot be replayed/));
  });

  it('is no provenance', () => {
    expect(() => planOf({ _type: statementTypes.v1, predicateType: 'https://spdx.dev/Document', subject: [], predicate: {} })).toThrow(
      expect.objectContaining({ code: 'ATTEST_PREDICATE_INVALID' }),
    );
  });
});
