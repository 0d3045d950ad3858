// OCI image-spec 1.1, manifest.md; cosign, BUNDLE_SPEC.md.
import { digestOf } from '@colophon/core';
import { expect, it } from 'vitest';
import { bundleManifest } from '../../src/index.ts';

it('is the referrer that cosign 3 writes', () => {
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf('image'), size: 5, annotations: { a: 'b' } };
  const bundle = Buffer.from('{"mediaType":"x"}');
  const { manifest, blobs } = bundleManifest(subject, bundle, {
    predicateType: 'https://slsa.dev/provenance/v1',
    created: '2026-11-23T00:00:00Z',
  });
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  expect(JSON.parse(manifest.bytes.toString())).toEqual({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: type,
    config: {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      size: 2,
    },
    layers: [{ mediaType: type, digest: digestOf(bundle), size: bundle.length }],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: 5 },
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1',
      'org.opencontainers.image.created': '2026-11-23T00:00:00Z',
    },
  });
  expect(blobs.map(({ descriptor }) => descriptor.size)).toEqual([2, bundle.length]);
  const message = JSON.parse(bundleManifest(subject, bundle).manifest.bytes.toString());
  expect(message.annotations).toEqual({ 'dev.sigstore.bundle.content': 'message-signature' });
});
