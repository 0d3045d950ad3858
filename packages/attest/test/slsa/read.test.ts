// SLSA provenance v0.1, v0.2 and v1 (slsa.dev/spec), read into one shape.
import { describe, expect, it } from 'vitest';
import { isProvenance, readProvenance } from '../../src/index.ts';

const statement = (version: string, predicate: unknown) =>
  ({ _type: 'https://in-toto.io/Statement/v1', predicateType: `https://slsa.dev/provenance/${version}`, subject: [], predicate }) as const;
const material = { uri: 'git+https://git.example/r', digest: { sha1: 'a'.repeat(40) } };

describe('provenance', () => {
  it('v1', () => {
    const predicate = {
      buildDefinition: { buildType: 't', externalParameters: { a: 1 }, resolvedDependencies: [material] },
      runDetails: { builder: { id: 'b' }, metadata: { invocationID: 'i' }, byproducts: [{ name: 'x' }] },
    };
    expect(readProvenance(statement('v1', predicate))).toEqual({
      predicateType: 'https://slsa.dev/provenance/v1',
      builderId: 'b',
      buildType: 't',
      invocationId: 'i',
      externalParameters: { a: 1 },
      internalParameters: {},
      dependencies: [material],
      byproducts: [{ name: 'x' }],
    });
  });
  it('v0.2', () => {
    const predicate = {
      builder: { id: 'b' },
      buildType: 't',
      invocation: { configSource: { ...material, entryPoint: 'e' }, parameters: { a: 1 } },
      metadata: { buildInvocationId: 'i', buildStartedOn: 's', buildFinishedOn: 'f' },
      materials: [material],
    };
    expect(readProvenance(statement('v0.2', predicate))).toMatchObject({
      builderId: 'b',
      invocationId: 'i',
      startedOn: 's',
      finishedOn: 'f',
      configSource: material,
      dependencies: [material],
    });
  });
  it('v0.1', () => {
    const predicate = { builder: { id: 'b' }, recipe: { type: 't', definedInMaterial: 0, arguments: { a: 1 } }, materials: [material] };
    expect(readProvenance(statement('v0.1', predicate))).toMatchObject({
      builderId: 'b',
      buildType: 't',
      configSource: material,
      externalParameters: { a: 1 },
    });
  });
  it.each<[string, string, unknown]>([
    ['v1 without builder', 'v1', { buildDefinition: { buildType: 't', externalParameters: {} }, runDetails: {} }],
    ['v1 without externalParameters', 'v1', { buildDefinition: { buildType: 't' }, runDetails: { builder: { id: 'b' } } }],
    [
      'v1 with a broken dependency',
      'v1',
      {
        buildDefinition: { buildType: 't', externalParameters: {}, resolvedDependencies: [{ digest: {} }] },
        runDetails: { builder: { id: 'b' } },
      },
    ],
    ['v0.2 without buildType', 'v0.2', { builder: { id: 'b' } }],
    ['v0.2 with materials that are no list', 'v0.2', { builder: { id: 'b' }, buildType: 't', materials: {} }],
    ['v0.1 whose builder is a number', 'v0.1', { builder: { id: 7 } }],
    ['a version that is not known', 'v9', {}],
    ['a predicate that is null', 'v1', null],
  ])('is refused: %s', (_, version, predicate) => {
    expect(() => readProvenance(statement(version, predicate))).toThrow(expect.objectContaining({ code: 'ATTEST_PREDICATE_INVALID' }));
  });
  it('is told from other predicates', () => {
    expect(isProvenance('https://slsa.dev/provenance/v1')).toBe(true);
    for (const other of ['https://spdx.dev/Document', 'toString']) expect(isProvenance(other)).toBe(false);
  });
});
