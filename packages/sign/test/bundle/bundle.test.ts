// Sigstore bundle v0.1 to v0.3 (protobuf-specs, sigstore_bundle.proto), with @sigstore/bundle as the second opinion.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { describe, expect, it } from 'vitest';
import { bundleBytes, bundleJson, bundleOf, parseBundle, type BundleParts, type TlogEntry } from '../../src/index.ts';

const hash = (byte: number) => Buffer.alloc(32, byte);
const entry: TlogEntry = {
  logIndex: 7,
  logId: hash(1),
  kind: 'intoto',
  version: '0.0.2',
  integratedTime: 1_790_000_000,
  signedEntryTimestamp: Buffer.from('set'),
  inclusionProof: {
    logIndex: 7,
    treeSize: 9,
    rootHash: hash(2),
    hashes: [hash(3), hash(4)],
    checkpoint: 'log - 1\n9\nAA==\n\n— log AA==\n',
  },
  canonicalizedBody: Buffer.from('{}'),
};
const envelope = { payloadType: 't', payload: 'eA==', signatures: [{ keyid: 'k', sig: 'eQ==' }] };
const cases: Record<string, BundleParts> = {
  'a DSSE envelope with a key': { key: { kind: 'publicKey', hint: 'aGludA==' }, content: { kind: 'dsse', envelope }, tlogEntries: [entry] },
  'a message signature with a certificate and a timestamp': {
    key: { kind: 'certificate', der: Buffer.from('der') },
    content: { kind: 'message', digest: { algorithm: 'SHA2_256', bytes: hash(5) }, signature: Buffer.from('sig') },
    tlogEntries: [entry],
    timestamps: [Buffer.from('tsr')],
  },
  'the first entry of a log, at time zero': {
    key: { kind: 'publicKey', hint: '' },
    content: { kind: 'dsse', envelope: { ...envelope, signatures: [{ sig: 'eQ==' }] } },
    tlogEntries: [
      { ...entry, logIndex: 0, integratedTime: 0, inclusionProof: { ...entry.inclusionProof!, logIndex: 0, treeSize: 1, hashes: [] } },
    ],
  },
};

describe('writing', () => {
  it.each(Object.entries(cases))('%s reads back, and @sigstore/bundle reads and writes the same', (_, parts) => {
    const bytes = bundleBytes(parts);
    expect(bundleOf(parseBundle(bytes))).toEqual({ tlogEntries: [], timestamps: [], ...parts });
    const theirs = bundleFromJSON(JSON.parse(bytes.toString()));
    const written = JSON.parse(JSON.stringify(bundleToJSON(theirs)));
    expect(parseBundle(JSON.stringify(written))).toEqual(parseBundle(bytes));
    if (parts.key.kind === 'publicKey' && parts.key.hint !== '')
      expect(written.verificationMaterial.publicKey).toEqual({ hint: 'aGludA==' });
  });

  it('leaves zero values out', () => {
    const [written] = (bundleJson(cases['the first entry of a log, at time zero']!) as any).verificationMaterial.tlogEntries;
    expect(Object.keys(written)).toEqual(['logId', 'kindVersion', 'inclusionPromise', 'inclusionProof', 'canonicalizedBody']);
    expect(Object.keys(written.inclusionProof)).toEqual(['rootHash', 'treeSize', 'checkpoint']);
  });
});

describe('reading refuses', () => {
  const good = () => bundleJson(cases['a DSSE envelope with a key']!) as any;
  it.each<[string, (bundle: any) => void]>([
    ['another media type', (b) => (b.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.4')],
    ['an inherited name as media type', (b) => (b.mediaType = 'toString')],
    ['an unknown member', (b) => (b.more = 1)],
    ['an unknown member deep inside', (b) => (b.verificationMaterial.tlogEntries[0].inclusionProof.more = 1)],
    ['no content', (b) => delete b.dsseEnvelope],
    ['both contents', (b) => (b.messageSignature = { signature: 'eA==' })],
    ['two signatures', (b) => b.dsseEnvelope.signatures.push({ sig: 'eA==' })],
    ['a key and a certificate', (b) => (b.verificationMaterial.certificate = { rawBytes: 'eA==' })],
    ['a chain in v0.3', (b) => (b.verificationMaterial = { x509CertificateChain: { certificates: [{ rawBytes: 'eA==' }] } })],
    ['no key', (b) => delete b.verificationMaterial.publicKey],
    ['no proof', (b) => delete b.verificationMaterial.tlogEntries[0].inclusionProof],
    ['no checkpoint', (b) => delete b.verificationMaterial.tlogEntries[0].inclusionProof.checkpoint],
    ['an empty checkpoint', (b) => (b.verificationMaterial.tlogEntries[0].inclusionProof.checkpoint = {})],
    ['a negative index', (b) => (b.verificationMaterial.tlogEntries[0].logIndex = '-1')],
    ['an index beyond 2^53', (b) => (b.verificationMaterial.tlogEntries[0].logIndex = '9007199254740993')],
    ['an index with a sign', (b) => (b.verificationMaterial.tlogEntries[0].logIndex = '+7')],
    ['a fraction', (b) => (b.verificationMaterial.tlogEntries[0].logIndex = 1.5)],
    ['an index outside the tree', (b) => (b.verificationMaterial.tlogEntries[0].inclusionProof.logIndex = '9')],
    ['a short hash', (b) => (b.verificationMaterial.tlogEntries[0].inclusionProof.hashes[0] = 'eA==')],
    ['a hash that is no text', (b) => (b.verificationMaterial.tlogEntries[0].inclusionProof.hashes[0] = 7)],
    ['65 hashes', (b) => (b.verificationMaterial.tlogEntries[0].inclusionProof.hashes = Array(65).fill(hash(1).toString('base64')))],
    ['33 entries', (b) => (b.verificationMaterial.tlogEntries = Array(33).fill(b.verificationMaterial.tlogEntries[0]))],
    ['base64 that is not', (b) => (b.verificationMaterial.tlogEntries[0].canonicalizedBody = '!!')],
    ['no body', (b) => delete b.verificationMaterial.tlogEntries[0].canonicalizedBody],
  ])('%s', (_, change) => {
    const bundle = good();
    change(bundle);
    expect(() => parseBundle(JSON.stringify(bundle))).toThrow(expect.objectContaining({ code: 'SIGN_BUNDLE_INVALID' }));
  });
});

const folder = join(process.env['COLOPHON_CONFORMANCE'] ?? '/nonexistent', 'sigstore');
const found = existsSync(folder);
if (!found) console.warn('no Sigstore conformance bundles: set COLOPHON_CONFORMANCE');
describe.skipIf(!found)("the conformance suite's bundles", () => {
  const names = found ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'bundle.sigstore.json'))) : [];
  /** Those that are wrong in shape; the others fail in verification. */
  const malformed = new Set([
    'bundle-invalid-base64-signature_fail',
    'bundle-negative-log-index_fail',
    'bundle-with-root-cert_fail',
    'intoto-missing-inclusion-proof_fail',
    'invalid-inclusion-proof_fail',
  ]);
  it.each(names)('%s', (name) => {
    const text = readFileSync(join(folder, name, 'bundle.sigstore.json'), 'utf8');
    if (malformed.has(name))
      return expect(() => parseBundle(text)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^SIGN_/) }));
    const bundle = parseBundle(text);
    const theirs = bundleFromJSON(JSON.parse(text));
    expect(bundle.tlogEntries.map((item) => item.canonicalizedBody)).toEqual(
      theirs.verificationMaterial.tlogEntries.map((item) => item.canonicalizedBody),
    );
    expect(bundle.tlogEntries.map((item) => String(item.logIndex))).toEqual(
      theirs.verificationMaterial.tlogEntries.map((item) => item.logIndex),
    );
    if (bundle.version === '0.3') expect(bundleOf(parseBundle(bundleBytes(bundleOf(bundle))))).toEqual(bundleOf(bundle));
    return undefined;
  });
});
