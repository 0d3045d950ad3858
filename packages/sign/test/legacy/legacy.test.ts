// cosign's older storage: SIGNATURE_SPEC.md, the annotations as cosign 2.5 writes them.
import { describe, expect, it } from 'vitest';
import {
  entryTimestampBytes,
  legacyAttestationLayer,
  legacyManifest,
  legacySignatureLayer,
  legacyTag,
  parseLegacyManifest,
  parseRekorBundle,
  parseSimpleSigning,
  rekorBundleText,
  simpleSigningPayload,
} from '../../src/index.ts';

const digest = `sha256:${'ab'.repeat(32)}` as const;
const payload = { body: 'e30=', integratedTime: 5, logID: 'c'.repeat(64), logIndex: 0 };
const rekorBundle = { signedEntryTimestamp: 'c2ln', payload };
const code = expect.objectContaining({ code: 'SIGN_LEGACY_INVALID' });

describe('simple signing', () => {
  it('is written byte for byte as cosign writes it', () => {
    expect(simpleSigningPayload({ reference: 'localhost/a', digest, optional: null }).toString()).toBe(
      `{"critical":{"identity":{"docker-reference":"localhost/a"},"image":{"docker-manifest-digest":"${digest}"},"type":"cosign container image signature"},"optional":null}`,
    );
  });
  it('reads back', () => {
    for (const optional of [null, { who: 'me' }]) {
      expect(parseSimpleSigning(simpleSigningPayload({ reference: '', digest, optional }))).toEqual({ reference: '', digest, optional });
    }
  });
  it.each<[string, (value: any) => void]>([
    ['another type', (value) => (value.critical.type = 'atomic container signature')],
    ['no digest', (value) => delete value.critical.image],
    ['a tag as digest', (value) => (value.critical.image['docker-manifest-digest'] = 'latest')],
    ['no identity', (value) => delete value.critical.identity],
    ['a list as optional', (value) => (value.optional = [])],
    ['nothing critical', (value) => delete value.critical],
  ])('refuses %s', (_, change) => {
    const value = JSON.parse(simpleSigningPayload({ reference: 'r', digest, optional: null }).toString());
    change(value);
    expect(() => parseSimpleSigning(JSON.stringify(value))).toThrow(code);
  });
});

describe('the Rekor bundle annotation', () => {
  it('keeps zero values and reads back', () => {
    const text = rekorBundleText(rekorBundle);
    expect(text).toBe(
      `{"SignedEntryTimestamp":"c2ln","Payload":{"body":"e30=","integratedTime":5,"logIndex":0,"logID":"${'c'.repeat(64)}"}}`,
    );
    expect(parseRekorBundle(text)).toEqual(rekorBundle);
  });
  it('is signed over canonical JSON', () => {
    expect(entryTimestampBytes(payload).toString()).toBe(`{"body":"e30=","integratedTime":5,"logID":"${'c'.repeat(64)}","logIndex":0}`);
  });
  it.each<[string, (value: any) => void]>([
    ['no signature', (value) => (value.SignedEntryTimestamp = '')],
    ['a negative index', (value) => (value.Payload.logIndex = -1)],
    ['a time as text', (value) => (value.Payload.integratedTime = '5')],
    ['another logID', (value) => (value.Payload.logID = 'C'.repeat(64))],
    ['a body that is no base64', (value) => (value.Payload.body = '{}')],
    ['an unknown member', (value) => (value.Payload.extra = 1)],
    ['no payload', (value) => delete value.Payload],
  ])('refuses %s', (_, change) => {
    const value = JSON.parse(rekorBundleText(rekorBundle));
    change(value);
    expect(() => parseRekorBundle(JSON.stringify(value))).toThrow(code);
  });
});

describe('the manifests of .sig and .att', () => {
  const envelope = { payloadType: 't', payload: 'eA==', signatures: [{ sig: 'eQ==' }] };
  it('have the media types and annotations of cosign', () => {
    expect(legacyTag(digest, 'att')).toBe(`sha256-${'ab'.repeat(32)}.att`);
    expect(legacySignatureLayer(Buffer.from('p'), 'c2ln', { rekorBundle }).descriptor).toMatchObject({
      mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
      size: 1,
      annotations: { 'dev.cosignproject.cosign/signature': 'c2ln', 'dev.sigstore.cosign/bundle': rekorBundleText(rekorBundle) },
    });
    expect(legacyAttestationLayer(envelope, 'https://slsa.dev/provenance/v1').descriptor).toMatchObject({
      mediaType: 'application/vnd.dsse.envelope.v1+json',
      annotations: { 'dev.cosignproject.cosign/signature': '', predicateType: 'https://slsa.dev/provenance/v1' },
    });
  });

  it('grow by what is new and by nothing else', () => {
    const first = legacySignatureLayer(Buffer.from('p'), 'c2ln');
    const second = legacySignatureLayer(Buffer.from('p'), 'b3RoZXI=');
    const one = legacyManifest([], [first]);
    const layers = parseLegacyManifest(one.manifest.bytes);
    expect(layers).toEqual([first.descriptor]);
    expect(legacyManifest(layers, [first]).manifest.descriptor.digest).toBe(one.manifest.descriptor.digest);
    const two = legacyManifest(layers, [second]);
    expect(parseLegacyManifest(two.manifest.bytes)).toEqual([first.descriptor, second.descriptor]);
    const config = JSON.parse(two.blobs[0]!.bytes.toString());
    expect(config.rootfs.diff_ids).toEqual([first.descriptor.digest, second.descriptor.digest]);
  });

  it.each([
    ['no layers', {}],
    ['a layer without digest', { layers: [{ mediaType: 'a', size: 1 }] }],
    ['a negative size', { layers: [{ mediaType: 'a', digest, size: -1 }] }],
    ['annotations that are no texts', { layers: [{ mediaType: 'a', digest, size: 1, annotations: { a: 1 } }] }],
  ])('are refused with %s', (_, value) => {
    expect(() => parseLegacyManifest(JSON.stringify(value))).toThrow(code);
  });
});
