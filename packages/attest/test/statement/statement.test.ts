// in-toto attestation framework, spec/v1/statement.md, resource_descriptor.md, digest_set.md.
import { describe, expect, it } from 'vitest';
import { parseStatement, sortSubjects, statementBytes } from '../../src/index.ts';

const sha256 = 'ab'.repeat(32);
const good = () => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'a', digest: { sha256 } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: { x: 1 },
});

describe('statements', () => {
  it.each(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'])('of type %s are read', (_type) => {
    expect(parseStatement(JSON.stringify({ ...good(), _type }))).toEqual({ ...good(), _type });
  });
  it('are signed as canonical JSON', () => {
    expect(statementBytes(good()).toString()).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","predicate":{"x":1},"predicateType":"https://slsa.dev/provenance/v1","subject":[{"digest":{"sha256":"${sha256}"},"name":"a"}]}`,
    );
  });
  it.each<[string, (value: any) => void]>([
    ['another type', (value) => (value._type = 'https://in-toto.io/Statement/v2')],
    ['a task as type', (value) => (value._type = 'distroless-provenance')],
    ['no subject', (value) => delete value.subject],
    ['an empty subject', (value) => (value.subject = [])],
    ['a subject without digest', (value) => delete value.subject[0].digest],
    ['an empty digest set', (value) => (value.subject[0].digest = {})],
    ['a digest in capitals', (value) => (value.subject[0].digest.sha256 = sha256.toUpperCase())],
    ['a short digest', (value) => (value.subject[0].digest.sha256 = 'ab')],
    ['a digest that is no text', (value) => (value.subject[0].digest.sha256 = 7)],
    ['a short gitCommit', (value) => (value.subject[0].digest = { gitCommit: 'abc' })],
    ['a name that is no text', (value) => (value.subject[0].name = 7)],
    ['annotations that are a list', (value) => (value.subject[0].annotations = [])],
    ['a predicateType that is no URI', (value) => (value.predicateType = 'provenance')],
    ['a predicateType with a space', (value) => (value.predicateType = 'https://a b')],
    ['a predicate that is a list', (value) => (value.predicate = [])],
    ['no predicate', (value) => delete value.predicate],
    ['an unknown member', (value) => (value.extra = 1)],
    ['a subject that is an object', (value) => (value.subject = {})],
  ])('are refused with %s', (_, change) => {
    const value = good();
    change(value);
    expect(() => parseStatement(JSON.stringify(value))).toThrow(expect.objectContaining({ code: 'ATTEST_STATEMENT_INVALID' }));
  });
  it.each(['', '[]', 'null', '{"__proto__":{}}', Buffer.from([0xff])])('are refused as %j', (text) => {
    expect(() => parseStatement(text)).toThrow();
  });
  it('without subject, or in the form of 2021, only where that is asked for', () => {
    const { subject: _, ...none } = good();
    expect(parseStatement(JSON.stringify(none), { allowNoSubject: true })).toEqual(none);
    const old = { ...good(), _type: 'distroless-provenance', predicateType: 'https://tekton.dev/chains/provenance' };
    expect(parseStatement(JSON.stringify(old), { allowChains2021: true })).toEqual(old);
    expect(() =>
      parseStatement(JSON.stringify({ ...old, predicateType: 'https://slsa.dev/provenance/v1' }), { allowChains2021: true }),
    ).toThrow();
    expect(() => parseStatement(JSON.stringify({ ...old, _type: 'Not A Name' }), { allowChains2021: true })).toThrow();
  });
  it('have their subjects sorted, each once', () => {
    const [a, b] = [
      { name: 'a', digest: { sha256 } },
      { name: 'b', digest: { sha256 } },
    ];
    expect(sortSubjects([b, a, { digest: { sha256 }, name: 'b' }])).toEqual([a, b]);
  });
});
