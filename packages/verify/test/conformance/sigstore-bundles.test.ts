import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot as ProtobufTrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { createPublicKey } from 'node:crypto';
import { digestOf } from '@colophon/core';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultPolicy, loadTrust, verifyBundle, type Trust } from '../../src/index.ts';

const root = join(process.env['COLOPHON_CONFORMANCE'] ?? '', 'sigstore');
const missing = process.env['COLOPHON_CONFORMANCE'] === undefined || !existsSync(root);
if (missing) console.log('COLOPHON_CONFORMANCE names no folder with sigstore/: its bundles cannot be checked');
const names = missing
  ? []
  : readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);

const beacon =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const github = 'https://token.actions.githubusercontent.com';

/** As the suite's README says: a file of the case, or the default. */
function read(name: string) {
  const file = (path: string) => (existsSync(join(root, name, path)) ? readFileSync(join(root, name, path)) : undefined);
  return {
    bundle: file('bundle.sigstore.json') as Buffer,
    artifact: file('artifact') ?? readFileSync(join(root, 'a.txt')),
    trustedRoot: file('trusted_root.json') ?? readFileSync(join(root, 'production-trusted-root.json')),
    key: file('key.pub')?.toString(),
    subject: file('identity')?.toString().trim() ?? beacon,
    issuer: file('issuer')?.toString().trim() ?? github,
  };
}

/** Rekor v2 and RFC 3161 entries included: what ours says, by bytes and by digest. */
function ours(name: string) {
  const { bundle, artifact, trustedRoot, key, subject, issuer } = read(name);
  let trust: Trust;
  try {
    trust = loadTrust({ keys: key === undefined ? [] : [key], trustedRoots: [trustedRoot] });
  } catch (error) {
    // One case's wrong key is no key at all: that is refused before anything is verified.
    return [1, 2].map(() => ({ verdict: 'failed', reason: `trust: ${(error as Error).message}` }));
  }
  const policy = { ...defaultPolicy, expect: { identity: { subject, issuer } } };
  return [artifact, digestOf(artifact)].map((what) => verifyBundle({ bundle, artifact: what, trust, policy }));
}

function theirs(name: string): 'passed' | 'failed' {
  const { bundle, artifact, trustedRoot, key, subject, issuer } = read(name);
  try {
    const keyFinder = key === undefined ? undefined : () => ({ publicKey: createPublicKey(key), validFor: () => true });
    const material = toTrustMaterial(ProtobufTrustedRoot.fromJSON(JSON.parse(trustedRoot.toString())), keyFinder);
    const identity = key === undefined ? { subjectAlternativeName: subject, extensions: { issuer } } : undefined;
    new Verifier(material).verify(toSignedEntity(bundleFromJSON(JSON.parse(bundle.toString())), artifact), identity);
    return 'passed';
  } catch {
    return 'failed';
  }
}

describe.skipIf(missing)('sigstore-conformance bundles', () => {
  let agreed = 0;
  const differences: string[] = [];
  afterAll(() =>
    console.log(
      `sigstore-conformance: ${agreed} of ${names.length * 2} cases agree with the suite; @sigstore/verify differs from us on: ${differences.join(', ') || 'none'}`,
    ),
  );

  it.each(names)('%s', (name) => {
    const expected = name.endsWith('_fail') ? 'failed' : 'passed';
    for (const report of ours(name)) {
      expect(report.verdict, report.reason).toBe(expected);
      agreed += 1;
    }
    if (theirs(name) !== expected) differences.push(name);
  });

  it('a second opinion: @sigstore/verify refuses nothing that we take', () => {
    for (const name of names) if (ours(name)[0]?.verdict === 'passed') expect(theirs(name), name).toBe('passed');
  });

  it('each refusal names the check that the case is about', () => {
    const reasons: Record<string, RegExp> = {
      'checkpoint-wrong-roothash_fail': /^checkpoint: /,
      'dsse-invalid-sig_fail': /^signature: /,
      'dsse-mismatch-envelope_fail': /^log-entry: /,
      'inclusion-proof-corrupted-hash_fail': /^inclusion: /,
      'integrated-time-in-future_fail': /^(certificate|time|entry-timestamp): /,
      'intoto-set-outside-signing-cert-validity_fail': /^certificate: /,
      'intoto-tsa-timestamp-outside-cert-validity_fail': /^certificate: /,
      'invalid-checkpoint-signature_fail': /^checkpoint: /,
      'invalid-ct-key_fail': /^certificate-transparency: /,
      'invalid-inclusion-proof_fail': /^format: .* has no checkpoint/,
      'managed-key-wrong-key_fail': /^trust: /,
      'rekor2-dsse-mismatch-sig_fail': /^log-entry: /,
      'rekor2-no-timestamp_fail': /^time: /,
      'rekor2-timestamp-outside-tsa-cert-validity_fail': /^timestamp: /,
      'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail': /^timestamp: /,
      'rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail': /^timestamp: /,
      'set-invalid-signature_fail': /^entry-timestamp: /,
      'signature-mismatch_fail': /^(signature|log-entry): /,
      'wrong-hashedrekord-artifact_fail': /^log-entry: /,
      'wrong-hashedrekord-cert-and-sig_fail': /^log-entry: /,
      'wrong-hashedrekord-entry_fail': /^log-entry: /,
    };
    for (const [name, reason] of Object.entries(reasons)) expect(ours(name)[0]?.reason, name).toMatch(reason);
  });
});
