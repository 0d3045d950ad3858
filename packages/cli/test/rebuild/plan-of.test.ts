import { describe, expect, it } from 'vitest';
import { predicateTypes, statementTypes, type InTotoStatement } from '@colophon/attest';
import { cc, first, statementOf } from '../../../rebuild/test/support/records.ts';
import { planOf } from '../../src/commands/rebuild/plan-of.ts';

const wanted = { digest: cc, repository: `${first}/out/cc` };
const networked = statementOf(({ task }) => void (task.network = true));
const chains: InTotoStatement = {
  _type: statementTypes.v1,
  predicateType: predicateTypes.slsaV1,
  subject: [{ name: 'a', digest: { sha256: cc.slice(7) } }],
  predicate: {
    buildDefinition: { buildType: 'https://tekton.dev/chains/v2/slsa', externalParameters: {}, resolvedDependencies: [] },
    runDetails: { builder: { id: 'https://tekton.dev/chains/v2' } },
  },
};
const signature: InTotoStatement = { _type: statementTypes.v1, predicateType: predicateTypes.cosignSign, subject: [], predicate: {} };
const reason = (message: RegExp) =>
  expect.objectContaining({ code: 'REBUILD_NOT_REPLAYABLE', message: expect.stringMatching(message) as string });

describe('the plan of an image', () => {
  it('is of a statement that can be replayed, wherever it stands', () => {
    expect(planOf([signature, chains, networked, statementOf()], wanted).subject).toEqual({ repository: `${first}/out/cc`, digest: cc });
  });

  it('says why there is none, in the words of our own provenance first', () => {
    expect(() => planOf([chains, networked], wanted)).toThrow(reason(/network/));
    expect(() => planOf([chains], wanted)).toThrow(reason(/of type https:\/\/tekton\.dev/));
    expect(() => planOf([signature], wanted)).toThrow(reason(/nothing that is proven/));
    expect(() => planOf([], wanted)).toThrow(reason(/nothing that is proven/));
  });
});
