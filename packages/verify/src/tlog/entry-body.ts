import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { decodePem, parseJson, sha256Hex } from '@colophon/core';
import { pae, type TlogEntry } from '@colophon/sign';
import type { SignedContent } from '../candidate/candidate.ts';
import { failed } from '../report/checks.ts';

/** What was signed and by whom, as found outside the log: what the entry must be about. */
export interface Logged {
  readonly content: SignedContent;
  /** Signatures that must be in the entry. */
  readonly signatures: readonly Buffer[];
  /** Hex digests of the signed artifact by algorithm, for message signatures. */
  readonly digests: Readonly<Record<string, string>>;
  /** Who signed, proven before: SPKI of keys, or a certificate, DER. */
  readonly verifiers: readonly LoggedVerifier[];
}

export interface LoggedVerifier {
  readonly kind: 'key' | 'certificate';
  readonly der: Buffer;
}

type Fields = Record<string, any>;
type Matcher = (spec: Fields, logged: Logged) => void;

const matchers: Readonly<Record<string, Matcher>> = {
  'hashedrekord 0.0.1': matchHashedrekord001,
  'hashedrekord 0.0.2': matchHashedrekord002,
  'dsse 0.0.1': matchDsse001,
  'dsse 0.0.2': matchDsse002,
  'intoto 0.0.1': matchIntoto001,
  'intoto 0.0.2': matchIntoto002,
};

/** The entry is about this signature, this content and this key: a true entry of something else proves nothing here. Throws VERIFY_CHECK_FAILED. */
export function matchEntry(entry: TlogEntry, logged: Logged): void {
  const body = parseJson(entry.canonicalizedBody, 'the body of the log entry') as Fields;
  const kind = `${String(body?.['kind'])} ${String(body?.['apiVersion'])}`;
  if (`${entry.kind} ${entry.version}` !== kind)
    throw failed('the entry is of another kind than its body', kind, `${entry.kind} ${entry.version}`);
  const matcher = Object.hasOwn(matchers, kind) ? matchers[kind] : undefined;
  if (matcher === undefined) throw failed('the entry is of a kind that is not supported', Object.keys(matchers), kind);
  let spec: Fields;
  try {
    spec = body['spec'] as Fields;
    matcher(spec, logged);
  } catch (error) {
    if (error instanceof TypeError) throw failed(`the body of the entry lacks a member: ${error.message}`);
    throw error;
  }
}

function matchHashedrekord001({ data, signature }: Fields, logged: Logged): void {
  sameText('digest', digestOf(logged, data.hash.algorithm), data.hash.value);
  hasSignature(logged, base64(signature.content));
  sameVerifierPem(logged, base64(signature.publicKey.content));
}

function matchHashedrekord002({ hashedRekordV002 }: Fields, logged: Logged): void {
  const { data, signature } = hashedRekordV002 as Fields;
  sameText('digest', digestOf(logged, rekorAlgorithm(data.algorithm)), base64(data.digest).toString('hex'));
  hasSignature(logged, base64(signature.content));
  sameVerifierDer(logged, signature.verifier as Fields);
}

function matchDsse001({ payloadHash, signatures }: Fields, logged: Logged): void {
  sameText('payload hash', payloadDigest(logged, payloadHash.algorithm), payloadHash.value);
  const items = (signatures as Fields[]).map((item) => ({ signature: base64(item['signature']), pem: base64(item['verifier']) }));
  sameSignatures(
    logged,
    items.map(({ signature }) => signature),
  );
  for (const { pem } of items) sameVerifierPem(logged, pem);
}

function matchDsse002({ dsseV002 }: Fields, logged: Logged): void {
  const { payloadHash, signatures } = dsseV002 as Fields;
  sameText('payload hash', payloadDigest(logged, rekorAlgorithm(payloadHash.algorithm)), base64(payloadHash.digest).toString('hex'));
  sameSignatures(
    logged,
    (signatures as Fields[]).map((item) => base64(item['content'])),
  );
  for (const { verifier } of signatures as Fields[]) sameVerifierDer(logged, verifier as Fields);
}

/** Has no signature within; the hash of the envelope as it was sent is the only tie, and needs the envelope's own bytes. */
function matchIntoto001({ content, publicKey }: Fields, logged: Logged): void {
  sameText('payload hash', payloadDigest(logged, content.payloadHash.algorithm), content.payloadHash.value);
  const { content: signed } = logged;
  if (signed.kind !== 'dsse') throw failed('the entry is of an envelope, the candidate is none');
  sameText('envelope hash', sha256Hex(signed.bytes), content.hash.value);
  sameVerifierPem(logged, base64(publicKey));
}

function matchIntoto002({ content }: Fields, logged: Logged): void {
  const { payloadHash, envelope } = content as Fields;
  sameText('payload hash', payloadDigest(logged, payloadHash.algorithm), payloadHash.value);
  if (logged.content.kind === 'dsse') sameText('payload type', logged.content.envelope.payloadType, envelope.payloadType);
  // What the field holds is the envelope's base64 text, which JSON has in base64 again.
  sameSignatures(
    logged,
    (envelope.signatures as Fields[]).map((item) => base64(base64(item['sig']).toString('latin1'))),
  );
  for (const { publicKey } of envelope.signatures as Fields[]) sameVerifierPem(logged, base64(publicKey));
}

function base64(value: unknown): Buffer {
  if (typeof value !== 'string' || value === '') throw new TypeError('base64 text');
  return Buffer.from(value, 'base64');
}

function rekorAlgorithm(name: unknown): string {
  const names: Readonly<Record<string, string>> = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' };
  return names[String(name)] ?? String(name);
}

function payloadDigest({ content }: Logged, algorithm: unknown): string {
  if (content.kind !== 'dsse') throw failed('the entry is of an envelope, the candidate is none');
  if (algorithm !== 'sha256') throw failed('the entry has another hash than SHA-256', 'sha256', algorithm);
  return sha256Hex(Buffer.from(content.envelope.payload, 'base64'));
}

/** Of the artifact, or of what an envelope's signature is over (Rekor v2 logs envelopes as hashedrekord). */
function digestOf({ content, digests }: Logged, algorithm: unknown): string {
  const name = String(algorithm);
  if (!['sha256', 'sha384', 'sha512'].includes(name)) throw failed('the entry has an unknown digest algorithm', undefined, name);
  if (content.kind === 'message') {
    const digest = digests[name];
    if (digest === undefined) throw failed(`the ${name} digest of the artifact, which the entry has, is not known`);
    return digest;
  }
  const { payloadType, payload } = content.envelope;
  return createHash(name)
    .update(pae(payloadType, Buffer.from(payload, 'base64')))
    .digest('hex');
}

function sameText(what: string, expected: string, found: unknown): void {
  if (typeof found !== 'string' || found.toLowerCase() !== expected.toLowerCase())
    throw failed(`the entry has another ${what}`, expected, found);
}

function hasSignature({ signatures }: Logged, found: Buffer): void {
  if (!signatures.some((signature) => signature.equals(found))) {
    throw failed(
      'the entry has another signature',
      signatures.map((signature) => signature.toString('base64')),
      found.toString('base64'),
    );
  }
}

function sameSignatures(logged: Logged, found: readonly Buffer[]): void {
  for (const signature of found) hasSignature(logged, signature);
  if (found.length !== logged.signatures.length)
    throw failed('the entry has not all signatures of the envelope', logged.signatures.length, found.length);
}

function sameVerifierPem(logged: Logged, pem: Buffer): void {
  const [block] = decodePem(pem.toString('latin1'));
  if (block === undefined) throw new TypeError('a key');
  sameVerifier(logged, { kind: block.label === 'CERTIFICATE' ? 'certificate' : 'key', der: block.der });
}

function sameVerifierDer(logged: Logged, { publicKey, x509Certificate }: Fields): void {
  const isKey = x509Certificate === undefined;
  sameVerifier(logged, { kind: isKey ? 'key' : 'certificate', der: base64((isKey ? publicKey : x509Certificate)?.rawBytes) });
}

function sameVerifier({ verifiers }: Logged, found: LoggedVerifier): void {
  if (verifiers.some(({ kind, der }) => kind === found.kind && der.equals(found.der))) return;
  throw failed('the entry has another key or certificate', verifiers.map(fingerprint), fingerprint(found));
}

function fingerprint({ kind, der }: LoggedVerifier): string {
  try {
    const key = kind === 'certificate' ? new X509Certificate(der).publicKey : createPublicKey({ key: der, format: 'der', type: 'spki' });
    return `${kind} with key sha256:${sha256Hex(key.export({ type: 'spki', format: 'der' }))}`;
  } catch {
    return `${kind} that cannot be read`;
  }
}
