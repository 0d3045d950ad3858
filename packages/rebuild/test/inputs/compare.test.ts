import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { readProvenance, type ResourceDescriptor } from '@colophon/attest';
import { compareInputs, replayPlan } from '../../src/index.ts';
import { cc, statementOf } from '../support/records.ts';

const dependencies = readProvenance(statementOf()).dependencies;
const expected = dependencies.map((descriptor) => ({ descriptor, derived: false }));
const change = (name: string, with_: (descriptor: any) => unknown): ResourceDescriptor[] =>
  structuredClone([...dependencies]).flatMap((descriptor) =>
    descriptor.name === name ? ([with_(descriptor)].flat() as ResourceDescriptor[]) : [descriptor],
  );
const fieldsOf = (found: readonly ResourceDescriptor[]) =>
  compareInputs(expected, found).differences.map(({ name, field }) => `${name} ${field}`);

describe('the inputs of a replay', () => {
  it('are the recorded ones, in any order', () => {
    expect(compareInputs(expected, dependencies.toReversed())).toEqual({ differences: [], packages: { count: 2, signedAgain: 2 } });
  });

  it.each([
    ['another commit', 'source/src', (one: any) => ({ ...one, digest: { gitCommit: 'd'.repeat(40) } }), ['source/src digest']],
    ['another lock', 'lock/debs', (one: any) => ({ ...one, digest: { sha256: '00'.repeat(32) } }), ['lock/debs digest']],
    [
      'another file for a package',
      'package/libc6',
      (one: any) => ({ ...one, digest: { sha256: '00'.repeat(32) } }),
      ['package/libc6 digest'],
    ],
    ['another step image', 'image', (one: any) => ({ ...one, digest: { sha256: '00'.repeat(32) } }), ['image digest']],
    [
      'another workspace',
      'source/src',
      (one: any) => ({ ...one, annotations: { ...one.annotations, workspace: 'x' } }),
      ['source/src workspace'],
    ],
    [
      'another text of a definition',
      'definition/task/check',
      (one: any) => ({ ...one, content: 'e30=' }),
      ['definition/task/check content'],
    ],
    ['a package less', 'package/zlib1g', () => [], ['package/zlib1g entry']],
    [
      'another version',
      'package/zlib1g',
      (one: any) => ({ ...one, uri: one.uri.replace('@1', '@2') }),
      ['package/zlib1g entry', 'package/zlib1g entry'],
    ],
    ['a source more', 'source/src', (one: any) => [one, { ...one, name: 'source/more' }], ['source/more entry']],
    ['the same thing twice', 'source/src', (one: any) => [one, one], ['source/src entry']],
  ])('differ by %s', (_name, name, with_, fields) => expect(fieldsOf(change(name, with_))).toEqual(fields));

  it('say what was expected and what was found', () => {
    const [difference] = compareInputs(
      expected,
      change('source/src', (one) => ({ ...one, digest: { gitCommit: 'd'.repeat(40) } })),
    ).differences;
    expect(difference).toMatchObject({ expected: { gitCommit: 'c'.repeat(40) }, found: { gitCommit: 'd'.repeat(40) } });
  });

  it('do not differ by who vouches for them now', () => {
    const found = dependencies.map((one) =>
      one.name?.startsWith('package/')
        ? { ...one, annotations: { ...one.annotations, signedBy: [], inRelease: { sha256: '00'.repeat(32) } } }
        : one,
    );
    expect(compareInputs(expected, found)).toEqual({ differences: [], packages: { count: 2, signedAgain: 0 } });
  });

  it('hold a derived definition to everything but its digest', () => {
    const derived = expected.map((one) => ({ ...one, derived: one.descriptor.name === 'definition/task/build' }));
    const found = change('definition/task/build', (one) => ({ ...one, digest: { sha256: '00'.repeat(32) } }));
    expect(compareInputs(derived, found).differences).toEqual([]);
    expect(
      compareInputs(
        derived,
        change('definition/task/build', () => []),
      ).differences,
    ).toHaveLength(1);
  });

  it('of a real plan are those of its own statement but for what was pinned', () => {
    const plan = replayPlan(statementOf(), { digest: cc });
    expect(compareInputs(plan.expected('127.0.0.1:1'), dependencies).differences.map(({ name }) => name)).toEqual([
      'definition/task/check',
      'definition/task/check',
    ]);
  });

  it('never lose a difference in any byte of any digest', () => {
    const named = dependencies.flatMap((one, index) => Object.keys(one.digest ?? {}).map((algorithm) => ({ index, algorithm })));
    fc.assert(
      fc.property(fc.constantFrom(...named), fc.nat(39), ({ index, algorithm }, at) => {
        const found = structuredClone([...dependencies]) as { digest: Record<string, string> }[];
        const digest = (found[index] as { digest: Record<string, string> }).digest;
        const text = digest[algorithm] as string;
        digest[algorithm] = `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`;
        return compareInputs(expected, found).differences.length > 0;
      }),
    );
  });
});
