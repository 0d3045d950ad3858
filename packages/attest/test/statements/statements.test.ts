// SPDX predicate (in-toto attestation), VSA (SLSA v1.1), cosign 3's image signature.
import { expect, it } from 'vitest';
import { imageSignatureStatement, spdxStatement, verificationSummary } from '../../src/index.ts';

const subject = { name: 'a', digest: { sha256: 'a'.repeat(64) } };

it('an SBOM', () => {
  expect(spdxStatement([subject], { spdxVersion: 'SPDX-2.3' })).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://spdx.dev/Document',
    subject: [subject],
    predicate: { spdxVersion: 'SPDX-2.3' },
  });
  expect(() => spdxStatement([], {})).toThrow(/no subject/);
});

it('a verification summary', () => {
  const summary = {
    verifier: { id: 'https://verifier.example' },
    timeVerified: '2026-11-23T00:00:00Z',
    resourceUri: 'oci://reg.example/a',
    policy: { uri: 'https://policy.example', digest: { sha256: 'b'.repeat(64) } },
    verificationResult: 'PASSED' as const,
    verifiedLevels: ['SLSA_BUILD_LEVEL_2'],
  };
  expect(verificationSummary([subject], summary)).toMatchObject({
    predicateType: 'https://slsa.dev/verification_summary/v1',
    predicate: { ...summary, slsaVersion: '1.1' },
  });
});

it('an image signature', () => {
  expect(imageSignatureStatement(`sha256:${'a'.repeat(64)}`, { k: 'v' })).toMatchObject({
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    subject: [{ digest: { sha256: 'a'.repeat(64) }, annotations: { k: 'v' } }],
    predicate: {},
  });
});
