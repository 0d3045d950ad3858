import { describe, expect, it } from 'vitest';
import { defaultPolicy, parsePolicy } from '../../src/index.ts';

describe('policy files', () => {
  it('an empty policy is the default one', () => {
    expect(parsePolicy({ version: 1 })).toEqual(defaultPolicy);
  });

  it.each([
    ['no version', {}],
    ['a misspelt rule', { version: 1, distrusts: [] }],
    ['a misspelt member of a rule', { version: 1, distrust: [{ key: `sha256:${'ab'.repeat(32)}`, notAfterIndex: 4 }] }],
    ['a rule about nobody', { version: 1, distrust: [{ notAfterLogIndex: 4 }] }],
    ['a rule about two', { version: 1, distrust: [{ key: `sha256:${'ab'.repeat(32)}`, identity: 'x' }] }],
    ['a key that is no digest', { version: 1, distrust: [{ key: 'K' }] }],
    ['a negative index', { version: 1, distrust: [{ identity: 'x', notAfterLogIndex: -1 }] }],
    ['threshold zero', { version: 1, threshold: 0 }],
    ['an unknown requirement', { version: 1, require: { transparency: 'maybe' } }],
    ['a short commit', { version: 1, expect: { sourceCommit: 'abcdef' } }],
    ['an identity without a subject', { version: 1, expect: { identity: { issuer: 'x' } } }],
    ['no object', 'policy'],
  ])('refuses %s', (_, value) => {
    expect(() => parsePolicy(value)).toThrow(expect.objectContaining({ code: 'VERIFY_POLICY_INVALID' }));
  });
});
