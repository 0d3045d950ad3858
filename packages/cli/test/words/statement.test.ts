import { describe, expect, it } from 'vitest';
import { predicateTypes, statementTypes } from '@colophon/attest';
import { statementWords } from '../../src/words/statement.ts';

const subject = [{ name: 'a', digest: { sha256: 'aa'.repeat(32) } }];
const statement = (predicateType: string, predicate: unknown) => ({ _type: statementTypes.v1, predicateType, subject, predicate });

describe('a statement in words', () => {
  it('of other types is only its type and subject', () => {
    expect(statementWords(statement(predicateTypes.spdx, {}))).toMatchObject({
      predicateType: predicateTypes.spdx,
      packages: [],
      subjects: [`a@sha256:${'aa'.repeat(32)}`],
    });
  });

  it('that makes no sense is never an error', () => {
    for (const predicate of [{}, { buildDefinition: [] }, { buildDefinition: { buildType: 1 } }])
      expect(statementWords(statement(predicateTypes.slsaV1, predicate)).builder).toBeUndefined();
  });

  it('of SLSA v0.2 has its materials', () => {
    const predicate = {
      builder: { id: 'https://chains.example' },
      buildType: 'tekton.dev/v1beta1/TaskRun',
      materials: [
        { uri: 'git+https://git.example/r', digest: { sha1: 'b'.repeat(40) } },
        { uri: 'oci://reg.example/step', digest: { sha256: 'cc'.repeat(32) } },
        { uri: 'pkg:deb/debian/a%zz@1', digest: { sha256: 'dd'.repeat(32) } },
      ],
    };
    expect(statementWords(statement(predicateTypes.slsaV02, predicate))).toMatchObject({
      builder: 'https://chains.example',
      sources: [{ uri: 'git+https://git.example/r', commit: 'b'.repeat(40) }],
      stepImages: [`reg.example/step@sha256:${'cc'.repeat(32)}`],
      packages: [{ name: 'a%zz', version: '1', signedBy: [] }],
    });
  });
});
