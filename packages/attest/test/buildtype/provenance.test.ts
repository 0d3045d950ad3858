// SLSA v1.1 provenance, docs/formats/buildtype-pipelinerun-v1.md.
import { describe, expect, it } from 'vitest';
import {
  buildType,
  builderId,
  packageUrl,
  parseStatement,
  provenance,
  readProvenance,
  statementBytes,
  type BuildFacts,
} from '../../src/index.ts';
import { record } from './record.ts';

const builder = { id: builderId('http://127.0.0.1:8080/', 'sandbox'), version: { colophon: '0.1.0' } };
const make = (change: (records: ReturnType<typeof record>) => void = () => {}) => {
  const records = record();
  change(records);
  return provenance({
    record: records.run,
    children: [records.task],
    builder,
    logs: [{ task: 'build', step: 'one', sha256: '77'.repeat(32), size: 3 }],
  });
};
const invalid = expect.objectContaining({ code: 'ATTEST_FACTS_INVALID' });

describe('provenance of a run', () => {
  it('has every image as subject, sorted', () => {
    expect(make().subject).toEqual(
      ['base', 'static'].map((name) => ({ name: `localhost/out/${name}`, digest: { sha256: '4d'.repeat(32) } })),
    );
  });

  it('reads back', () => {
    const read = readProvenance(parseStatement(statementBytes(make())));
    expect(read).toMatchObject({
      builderId: 'http://127.0.0.1:8080/builders/sandbox',
      buildType,
      invocationId: 'uid-1',
      startedOn: '2026-11-23T10:00:00Z',
      finishedOn: '2026-11-23T10:00:09Z',
      internalParameters: { isolation: 'sandbox', network: false, replayable: true },
      externalParameters: {
        spec: { pipelineRef: { name: 'images' } },
        source: { workspace: 'source', uri: 'git+https://git.example/r', digest: { gitCommit: 'c'.repeat(40) } },
        definition: { kind: 'Pipeline', name: 'images', digest: { sha256: '1a'.repeat(32) } },
      },
    });
  });

  it('names all that went in, by digest, and who vouched for it', () => {
    const { dependencies } = readProvenance(make());
    expect(dependencies.map(({ name, uri }) => `${name} ${uri ?? ''}`.trim())).toEqual([
      'definition/pipeline default/pipelines/images',
      'definition/task/build',
      'image oci://localhost/builder',
      'lock/packages git+https://git.example/r',
      'package/base-files pkg:deb/debian/base-files@1:13.8%2Bdeb13u1~x?arch=amd64',
      'package/libstdc++6 pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64',
      'source/source git+https://git.example/r',
    ]);
    for (const { digest } of dependencies) expect(Object.values(digest ?? {})).not.toEqual([]);
    expect(dependencies.find(({ name }) => name === 'package/base-files')?.annotations).toMatchObject({
      inRelease: { sha256: 'e0'.repeat(32) },
      signedBy: ['FINGERPRINT1', 'FINGERPRINT2'],
      lock: { sha256: 'f0'.repeat(32) },
    });
    expect(dependencies.find(({ name }) => name === 'image')?.annotations).toMatchObject({ steps: ['build/one', 'build/two'] });
    const pipeline = dependencies.find(({ name }) => name === 'definition/pipeline');
    expect(JSON.parse(Buffer.from(pipeline?.content ?? '', 'base64').toString())).toEqual({ tasks: [{ name: 'build' }] });
    expect(dependencies.find(({ name }) => name === 'definition/task/build')).not.toHaveProperty('content');
  });

  it('keeps what steps say out of dependencies and subjects, and marks it as a claim', () => {
    const statement = make();
    const { dependencies, byproducts } = readProvenance(statement);
    for (const text of ['claimed.example', 'evil.example', 'a'.repeat(40)]) {
      expect(JSON.stringify([dependencies, statement.subject])).not.toContain(text);
      expect(
        JSON.stringify(byproducts) + Buffer.from(byproducts.map(({ content = '' }) => Buffer.from(content, 'base64')).join('')).toString(),
      ).toContain(text);
    }
    for (const item of byproducts.filter(({ name }) => /^(result|claim)\//.test(name ?? '')))
      expect(item.annotations).toMatchObject({ claim: true });
    expect(byproducts.find(({ name }) => name === 'claim/build/IMAGES')?.annotations).toMatchObject({ verdict: 'refused' });
    expect(byproducts.find(({ name }) => name === 'claim/build/y-ARTIFACT_INPUTS')).toMatchObject({ annotations: { digest: 'sha256:zz' } });
    expect(byproducts.map(({ name }) => name)).toContain('log/build/one');
  });

  it('does not depend on the order of the records', () => {
    const reversed = make(({ run, task }) => {
      const both: BuildFacts[] = [run, task];
      for (const facts of both) {
        for (const value of Object.values(facts)) if (Array.isArray(value)) value.reverse();
        for (const { packages } of facts.inputs) (packages as unknown[] | undefined)?.reverse();
      }
    });
    // run.inputs and task.inputs are one list, reversed twice: turn it once more.
    expect(statementBytes(reversed)).toEqual(statementBytes(make()));
  });

  it('says when it cannot be replayed', () => {
    for (const change of [{ network: true }, { replayable: false }]) {
      const statement = make((records) => Object.assign(records.task, change));
      expect(readProvenance(statement).internalParameters).toMatchObject({ replayable: false });
    }
  });

  it.each<[string, (records: ReturnType<typeof record>) => void]>([
    ['no image', ({ task }) => Object.assign(task, { produced: [] })],
    ['no step that ran', ({ run, task }) => [run, task].forEach((facts) => Object.assign(facts, { mode: 'none' }))],
    ['two isolation modes', ({ task }) => Object.assign(task, { mode: 'sandbox-rootless' })],
    ['the mode of another builder', ({ run, task }) => [run, task].forEach((facts) => Object.assign(facts, { mode: 'sandbox-rootless' }))],
    ['a broken digest', ({ task }) => Object.assign(task.produced[0] ?? {}, { digest: 'sha256:zz' })],
    ['a time that is none', ({ run }) => Object.assign(run, { startedAt: 'yesterday' })],
    ['no uid', ({ run }) => Object.assign(run, { uid: '' })],
  ])('is refused with %s', (_, change) => {
    expect(() => make(change)).toThrow(invalid);
  });
});

it('package URLs encode what their specification wants encoded', () => {
  expect(packageUrl({ name: 'a+b', version: '1:2.0+x~y', architecture: 'all' })).toBe('pkg:deb/debian/a%2Bb@1:2.0%2Bx~y?arch=all');
});
