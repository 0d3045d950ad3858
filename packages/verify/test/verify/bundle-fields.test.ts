import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPolicy, loadTrust, verifyBundle, type Policy, type Trust } from '../../src/index.ts';
import { bundleFor, logEnvelope, newKey, openWorld, sealEnvelope, statementFor, type World } from '../fixture.ts';

const digest = `sha256:${'12'.repeat(32)}` as const;

describe('one bundle, each field', () => {
  let world: World;
  let trust: Trust;
  let bundle: any;

  beforeAll(async () => {
    world = await openWorld();
    trust = loadTrust({ keys: [world.keyPem], trustedRoots: [world.trustedRoot] });
    for (let index = 0; index < 5; index += 1) await logEnvelope(world.log, sealEnvelope(world.key, { index }), world.keyPem);
    const envelope = sealEnvelope(world.key, statementFor(digest));
    bundle = bundleFor(envelope, await logEnvelope(world.log, envelope, world.keyPem));
  });

  afterAll(() => world.close());

  const verify = (changed: unknown, policy: Partial<Policy> = {}, about: `sha256:${string}` = digest, by = trust) =>
    verifyBundle({ bundle: Buffer.from(JSON.stringify(changed)), artifact: about, trust: by, policy: { ...defaultPolicy, ...policy } });

  it('passes as it is, every check named', () => {
    const report = verify(bundle, { require: { transparency: 'proof', timestamp: false } });
    expect(report.reason).toBe('every check passed');
    expect(report.checks.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'signature passed',
      'log-entry passed',
      'entry-timestamp passed',
      'inclusion passed',
      'checkpoint passed',
      'subject passed',
    ]);
    expect(report.entries).toEqual([expect.objectContaining({ logIndex: 5, included: true })]);
    expect(report.statement?.predicateType).toBe('https://slsa.dev/provenance/v1');
  });

  const flipBase64 = (text: string, at = 0.6) => {
    const bytes = Buffer.from(text, 'base64');
    const index = Math.floor(bytes.length * at);
    bytes[index] = (bytes[index] as number) ^ 1;
    return bytes.toString('base64');
  };

  it.each<[string, RegExp, (changed: any) => void]>([
    ['payload', /^signature: /, (b) => (b.dsseEnvelope.payload = flipBase64(b.dsseEnvelope.payload))],
    ['payloadType', /^signature: /, (b) => (b.dsseEnvelope.payloadType = 'application/json')],
    ['sig', /^signature: /, (b) => (b.dsseEnvelope.signatures[0].sig = flipBase64(b.dsseEnvelope.signatures[0].sig))],
    [
      'logId',
      /^log-entry: the entry is in a log that is not trusted/,
      (b) => (entryOf(b).logId.keyId = flipBase64(entryOf(b).logId.keyId)),
    ],
    ['kind', /^log-entry: the entry is of another kind/, (b) => (entryOf(b).kindVersion.kind = 'dsse')],
    ['version', /^log-entry: the entry is of another kind/, (b) => (entryOf(b).kindVersion.version = '0.0.1')],
    [
      'canonicalizedBody',
      /^(log-entry|entry-timestamp): /,
      (b) => (entryOf(b).canonicalizedBody = flipBase64(entryOf(b).canonicalizedBody)),
    ],
    ['logIndex', /^entry-timestamp: /, (b) => (entryOf(b).logIndex = '4')],
    ['integratedTime', /^entry-timestamp: /, (b) => (entryOf(b).integratedTime = String(Number(entryOf(b).integratedTime) - 1))],
    [
      'signedEntryTimestamp',
      /^entry-timestamp: /,
      (b) => (entryOf(b).inclusionPromise.signedEntryTimestamp = flipBase64(entryOf(b).inclusionPromise.signedEntryTimestamp)),
    ],
    ['proof index', /^inclusion: /, (b) => (proofOf(b).logIndex = '4')],
    ['proof size', /^(inclusion|checkpoint): /, (b) => (proofOf(b).treeSize = '7')],
    ['proof root', /^inclusion: /, (b) => (proofOf(b).rootHash = flipBase64(proofOf(b).rootHash))],
    ['proof hash', /^inclusion: /, (b) => (proofOf(b).hashes[0] = flipBase64(proofOf(b).hashes[0]))],
    ['proof without a hash', /^inclusion: /, (b) => proofOf(b).hashes.pop()],
    [
      'checkpoint size',
      /^checkpoint: /,
      (b) => (proofOf(b).checkpoint.envelope = proofOf(b).checkpoint.envelope.replace('\n6\n', '\n7\n')),
    ],
    [
      'checkpoint origin',
      /^checkpoint: /,
      (b) => (proofOf(b).checkpoint.envelope = proofOf(b).checkpoint.envelope.replace('127.0.0.1 - ', '127.0.0.1 - 1')),
    ],
    [
      'checkpoint name',
      /^checkpoint: /,
      (b) => (proofOf(b).checkpoint.envelope = proofOf(b).checkpoint.envelope.replace('— 127.0.0.1', '— 127.0.0.2')),
    ],
    ['no checkpoint', /^format: .*checkpoint/, (b) => delete proofOf(b).checkpoint],
    ['no proof', /^format: .*inclusion proof/, (b) => delete entryOf(b).inclusionProof],
    ['no entry', /^log-entry: there is no log entry/, (b) => delete b.verificationMaterial.tlogEntries],
    ['no material', /^format: /, (b) => delete b.verificationMaterial],
    ['media type', /^format: /, (b) => (b.mediaType = 'application/vnd.dev.sigstore.bundle.v0.9+json')],
    ['an unknown member', /^format: /, (b) => (b.extra = 1)],
  ])('%s changed: refused for that', (_, reason, change) => {
    const changed = structuredClone(bundle);
    change(changed);
    const report = verify(changed);
    expect(report.verdict).toBe('failed');
    expect(report.reason).toMatch(reason);
    expect(report.statement).toBeUndefined();
  });

  it('a true entry of another statement does not help', async () => {
    const other = sealEnvelope(world.key, statementFor(`sha256:${'34'.repeat(32)}`));
    const stolen = bundleFor(bundle.dsseEnvelope, await logEnvelope(world.log, other, world.keyPem));
    expect(verify(stolen).reason).toMatch(/^log-entry: the entry has another payload hash/);
  });

  it('another digest, another key, another log, no trust', async () => {
    expect(verify(bundle, {}, `sha256:${'56'.repeat(32)}`).reason).toMatch(/^subject: /);
    const { pem } = await newKey();
    expect(verify(bundle, {}, digest, loadTrust({ keys: [pem], trustedRoots: [world.trustedRoot] })).reason).toMatch(/^signature: /);
    expect(verify(bundle, {}, digest, loadTrust({ keys: [world.keyPem] })).reason).toMatch(/^log-entry: no log is trusted/);
    expect(verify(bundle, {}, digest, loadTrust({ trustedRoots: [world.trustedRoot] })).reason).toMatch(/^key: /);
    const other = await openWorld();
    expect(verify(bundle, {}, digest, loadTrust({ keys: [world.keyPem], trustedRoots: [other.trustedRoot] })).reason).toMatch(
      /^log-entry: /,
    );
    await other.close();
  });

  it.each<[string, RegExp | undefined, Policy['expect']]>([
    ['predicate type', undefined, { predicateTypes: ['https://slsa.dev/provenance/v1'] }],
    ['another predicate type', /^predicate-type: /, { predicateTypes: ['https://spdx.dev/Document'] }],
    ['builder', undefined, { builderId: 'https://colophon.example/builders/sandbox' }],
    ['builder below a prefix', undefined, { builderId: 'https://colophon.example/' }],
    ['a builder that only begins alike', /^builder: /, { builderId: 'https://colophon.example/builders/sand' }],
    ['source', undefined, { sourceUri: 'https://example.org/hello', sourceCommit: 'ab'.repeat(20) }],
    ['another source', /^source: /, { sourceUri: 'https://example.org/hello2' }],
    ['another commit', /^source: /, { sourceUri: 'https://example.org/hello', sourceCommit: 'cd'.repeat(20) }],
  ])('expectation: %s', (_, reason, expectations) => {
    const report = verify(bundle, { expect: expectations });
    if (reason === undefined) expect(report.reason).toBe('every check passed');
    else expect(report.reason).toMatch(reason);
  });

  it('distrust: "key K not after log index N", with the control that the rule alone decides', () => {
    const key = `sha256:${trust.keys[0]?.spkiSha256}`;
    const log = world.log.identity.logId;
    expect(verify(bundle, { distrust: [{ key, notAfterLogIndex: 5 }] }).verdict).toBe('passed');
    expect(verify(bundle, { distrust: [{ key, notAfterLogIndex: 4 }] }).reason).toMatch(
      /^distrust: the signer is trusted up to log index 4/,
    );
    expect(verify(bundle, { distrust: [{ key, notAfterLogIndex: 9, log: 'ab'.repeat(32) }] }).reason).toMatch(/^distrust: /);
    expect(verify(bundle, { distrust: [{ key, notAfterLogIndex: 9, log }] }).verdict).toBe('passed');
    expect(verify(bundle, { distrust: [{ key, reason: 'stolen' }] }).reason).toMatch(/^distrust: the signer is not trusted: stolen/);
    expect(verify(bundle, { distrust: [{ key: `sha256:${'00'.repeat(32)}` }] }).verdict).toBe('passed');
    expect(verify(bundle, { distrust: [{ key, notAfter: '2020-01-01T00:00:00Z' }] }).reason).toMatch(/^distrust: /);
  });

  it('without the log, the policy must say so; then a distrust rule by index refuses', () => {
    const changed = structuredClone(bundle);
    delete changed.verificationMaterial.tlogEntries;
    const require = { transparency: 'none', timestamp: false } as const;
    expect(verify(changed, { require }).verdict).toBe('passed');
    const key = `sha256:${trust.keys[0]?.spkiSha256}`;
    expect(verify(changed, { require, distrust: [{ key, notAfterLogIndex: 9 }] }).reason).toMatch(/^distrust: /);
    expect(verify(changed, { require: { ...require, timestamp: true } }).reason).toMatch(/^timestamp: /);
  });
});

function entryOf(bundle: any): any {
  return bundle.verificationMaterial.tlogEntries[0];
}

function proofOf(bundle: any): any {
  return entryOf(bundle).inclusionProof;
}
