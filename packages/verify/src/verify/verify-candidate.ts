import { createHash, createPublicKey } from 'node:crypto';
import { parseDigest, type Digest } from '@colophon/core';
import { verifyDigest } from '@colophon/log';
import { parseSimpleSigning, publicKeyFromDer, verifyEnvelope, type VerifyingKey } from '@colophon/sign';
import type { Candidate, SignedCandidate } from '../candidate/candidate.ts';
import { checkDistrust } from '../policy/distrust.ts';
import type { Policy } from '../policy/policy.ts';
import {
  checkBuilder,
  checkPredicateType,
  checkSource,
  checkSubject,
  provenanceOf,
  statementOf,
  type Statement,
} from '../policy/statement.ts';
import { Checks, failed } from '../report/checks.ts';
import type { CandidateReport } from '../report/report.ts';
import { verifyTimestamp } from '../timestamp/rfc3161.ts';
import type { Trust } from '../trust/trust.ts';
import type { Logged } from '../tlog/entry-body.ts';
import { checkCertificate, checkIdentity, leafOf } from './certificate-checks.ts';
import { checkEntries, checkLogPeriods } from './log-checks.ts';
import type { VerifiedSigner } from './signer.ts';

/** What a candidate must be about. */
export interface Artifact {
  readonly digest: Digest;
  /** The bytes, where they are at hand: a manifest, a file. */
  readonly bytes?: Buffer;
}

/**
 * Verifies one candidate. Never throws for what the candidate holds: each check is in the report with its reason, and anything not
 * proven is not passed. Pure: no network, no clock (times are the log's and the timestamp authority's).
 */
export function verifyCandidate(candidate: Candidate, artifact: Artifact, trust: Trust, policy: Policy): CandidateReport {
  const checks = new Checks();
  const { source } = candidate;
  if ('problem' in candidate) {
    checks.run('format', () => {
      throw failed(candidate.problem);
    });
    return { source, verdict: 'failed', reason: `format: ${candidate.problem}`, checks: checks.list, signers: [], entries: [] };
  }
  const outcome = checkAll(checks, candidate, artifact, trust, policy);
  const failure = checks.firstFailure;
  const passed = checks.passed && outcome !== undefined;
  return {
    source,
    verdict: passed ? 'passed' : 'failed',
    reason: passed ? 'every check passed' : `${failure?.name ?? 'format'}: ${failure?.message ?? 'nothing was proven'}`,
    checks: checks.list,
    signers: outcome?.signers ?? [],
    entries: outcome?.entries ?? [],
    ...(passed && outcome.statement !== undefined ? { predicateType: outcome.statement.predicateType, statement: outcome.statement } : {}),
  };
}

interface Outcome {
  readonly signers: readonly VerifiedSigner[];
  readonly entries: CandidateReport['entries'];
  readonly statement?: Statement;
}

function checkAll(checks: Checks, candidate: SignedCandidate, artifact: Artifact, trust: Trust, policy: Policy): Outcome | undefined {
  const { content, key } = candidate;
  const leaf =
    key.kind === 'publicKey' ? undefined : checks.run('format', () => ({ value: leafOf(key), message: 'the certificate is well-formed' }));
  if (key.kind !== 'publicKey' && leaf === undefined) return undefined;
  const keys = leaf === undefined ? trust.keys : [publicKeyFromDer(leaf.x509.publicKey.export({ type: 'spki', format: 'der' }))];
  if (keys.length === 0) {
    checks.run('key', () => {
      throw failed('it is signed with a key, and no key is trusted');
    });
    return undefined;
  }
  const signed = checks.run('signature', () => {
    const signers = checkSignature(candidate, artifact, keys);
    return {
      value: signers,
      message: leaf === undefined ? 'signed by a trusted key' : "signed by the certificate's key",
      found: signers.map((signer) => `sha256:${signer.spkiSha256}`),
    };
  });
  if (signed === undefined) return undefined;

  const signatures =
    content.kind === 'dsse' ? content.envelope.signatures.map(({ sig }) => Buffer.from(sig, 'base64')) : [content.signature];
  const logged: Logged = {
    content,
    signatures,
    digests: digestsOf(candidate, artifact),
    verifiers:
      leaf === undefined
        ? signed.map(({ spki }) => ({ kind: 'key', der: spki }))
        : [{ kind: 'certificate', der: Buffer.from(leaf.x509.raw) }],
  };
  const logResult = checkEntries(checks, candidate.tlogEntries, logged, trust.root.tlogs, policy.require.transparency);
  const { entries, times } = logResult;
  checkTimestamps(checks, candidate, signatures[0] as Buffer, trust, policy, times);
  checkLogPeriods(checks, logResult, times);

  const signers: VerifiedSigner[] = signed.map(({ spkiSha256 }) =>
    leaf === undefined
      ? { kind: 'key', keySha256: spkiSha256 }
      : { kind: 'certificate', keySha256: spkiSha256, subjects: Object.values(leaf.names).flat(), issuer: leaf.issuer },
  );
  if (leaf !== undefined) {
    checkCertificate(checks, leaf, trust, times);
    checkIdentity(checks, leaf, policy.expect.identity);
  }
  const statement = checkContent(checks, candidate, artifact, policy);
  if (policy.distrust.length > 0) {
    checks.run('distrust', () => {
      const applied = checkDistrust(policy.distrust, signers, entries, times);
      return { value: true, message: applied === 0 ? 'no distrust rule is about the signer' : 'signed while the signer was trusted' };
    });
  }
  return { signers, entries, ...(statement === undefined ? {} : { statement }) };
}

/** The keys that signed. Throws VERIFY_CHECK_FAILED, SIGN_SIGNATURE_INVALID. */
function checkSignature({ content }: SignedCandidate, { digest, bytes }: Artifact, keys: readonly VerifyingKey[]): readonly VerifyingKey[] {
  if (content.kind === 'dsse') return verifyEnvelope(content.envelope, keys).keys;
  const { signature, payload = bytes } = content;
  if (content.digest !== undefined) {
    const { algorithm, bytes: claimed } = content.digest;
    const actual = payload === undefined ? parseDigest(digest) : { algorithm, hex: createHash(algorithm).update(payload).digest('hex') };
    if (actual.algorithm !== algorithm || actual.hex !== claimed.toString('hex')) {
      throw failed(
        'the signature is of an artifact with another digest',
        `${actual.algorithm}:${actual.hex}`,
        `${algorithm}:${claimed.toString('hex')}`,
      );
    }
  }
  const { algorithm, hex } = parseDigest(digest);
  const good = keys.filter((key) =>
    payload === undefined
      ? verifyDigest(publicKeyObject(key), algorithm, Buffer.from(hex, 'hex'), signature)
      : key.verify(payload, signature),
  );
  if (good.length === 0)
    throw failed(
      'the signature is not by a trusted key over this artifact',
      keys.map(({ spkiSha256 }) => `sha256:${spkiSha256}`),
    );
  return good;
}

function publicKeyObject({ spki }: VerifyingKey) {
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}

function digestsOf({ content }: SignedCandidate, { digest, bytes }: Artifact): Record<string, string> {
  const data = content.kind === 'message' ? (content.payload ?? bytes) : undefined;
  if (data !== undefined)
    return Object.fromEntries(['sha256', 'sha384', 'sha512'].map((name) => [name, createHash(name).update(data).digest('hex')]));
  const { algorithm, hex } = parseDigest(digest);
  return { [algorithm]: hex };
}

function checkTimestamps(
  checks: Checks,
  { timestamps }: SignedCandidate,
  signature: Buffer,
  trust: Trust,
  policy: Policy,
  times: number[],
): void {
  if (timestamps.length === 0 && policy.require.timestamp)
    checks.run('timestamp', () => {
      throw failed('there is no timestamp', 'an RFC 3161 timestamp', 'none');
    });
  if (timestamps.length > 0 && trust.root.timestampAuthorities.length === 0 && !policy.require.timestamp) {
    checks.skip('timestamp', 'no timestamp authority is trusted; the timestamps count for nothing');
    return;
  }
  for (const response of timestamps) {
    const verified = checks.run('timestamp', () => {
      const value = verifyTimestamp(response, signature, trust.root.timestampAuthorities);
      return {
        value,
        message: `signed before ${new Date(value.time).toISOString()}, by ${value.authority}`,
        found: new Date(value.time).toISOString(),
      };
    });
    if (verified !== undefined) times.push(verified.time);
  }
}

function checkContent(checks: Checks, { content }: SignedCandidate, artifact: Artifact, policy: Policy): Statement | undefined {
  const { expect } = policy;
  const wantsStatement =
    expect.predicateTypes !== undefined ||
    expect.builderId !== undefined ||
    expect.sourceUri !== undefined ||
    expect.sourceCommit !== undefined;
  if (content.kind === 'message') {
    const { payload } = content;
    checks.run('subject', () => {
      if (payload === undefined) return { value: true, message: 'the signature is over the artifact itself', found: artifact.digest };
      const { digest } = parseSimpleSigning(payload);
      if (digest !== artifact.digest) throw failed('the signature is of another image', artifact.digest, digest);
      return { value: true, message: 'the signed payload names the image', found: digest };
    });
    if (wantsStatement)
      checks.run('predicate-type', () => {
        throw failed('it is a signature, not a statement about how the image was made', expect, 'a signature');
      });
    return undefined;
  }
  const statement = checks.run('subject', () => {
    const statement = statementOf(content.envelope.payloadType, Buffer.from(content.envelope.payload, 'base64'));
    return { ...checkSubject(statement, artifact.digest), value: statement };
  });
  if (statement === undefined) return undefined;
  const { predicateTypes, builderId } = expect;
  if (predicateTypes !== undefined) checks.run('predicate-type', () => checkPredicateType(statement, predicateTypes));
  if (builderId !== undefined) checks.run('builder', () => checkBuilder(provenanceOf(statement), builderId));
  if (expect.sourceUri !== undefined || expect.sourceCommit !== undefined)
    checks.run('source', () => checkSource(provenanceOf(statement), expect));
  return statement;
}
