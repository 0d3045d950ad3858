import { canonicalJsonBytes, sha256Hex } from '@colophon/core';
import { logErrors } from '../errors.ts';
import { envelopeOf, verifyProposal } from './envelope.ts';
import { base64Of, fieldsOf, invalidEntry, sha256Value, textOf, type Fields } from './fields.ts';
import { normalizeKeys, statementKeys, verifierKeys } from './index-keys.ts';
import type { PrepareOptions, PreparedEntry } from './prepared.ts';
import { parseVerifier } from './verifier.ts';

interface Signature {
  readonly keyid?: string;
  readonly publicKey: string;
  readonly sig: string;
}

/**
 * intoto 0.0.2: the envelope without its payload, the hash of the envelope as the proposer computed it, and
 * the hash of the payload, which is kept as attestation. The wire form is base64 twice for payload and sig: the fields are
 * bytes in JSON, and what they hold is the envelope's own base64 text. Throws LOG_ENTRY_INVALID.
 */
export function prepareIntoto002(spec: unknown, { purpose, maxAttestation }: PrepareOptions): PreparedEntry {
  const content = fieldsOf(fieldsOf(spec, 'spec')['content'], 'content');
  const proposal = fieldsOf(content['envelope'], 'content.envelope');
  const payloadType = textOf(proposal['payloadType'], 'content.envelope.payloadType');
  const signatures = signaturesOf(proposal['signatures']);
  const hash = sha256Value(content['hash'], 'content.hash');
  if (proposal['payload'] === undefined || proposal['payload'] === null || proposal['payload'] === '') {
    if (purpose === 'insert') throw invalidEntry('entry not insertable into log: missing envelope content');
    const payloadHash = sha256Value(content['payloadHash'], 'content.payloadHash');
    return prepared(payloadType, signatures, hash, payloadHash.value, keysOf(signatures));
  }
  const envelope = envelopeOf({
    payloadType,
    payload: base64Of(proposal['payload'], 'content.envelope.payload').toString('latin1'),
    signatures: signatures.map(({ sig }) => ({ sig: Buffer.from(sig, 'base64').toString('latin1') })),
  });
  if (envelope.payload.length > maxAttestation) {
    throw logErrors.error(
      'LOG_ENTRY_TOO_LARGE',
      `the attestation has ${envelope.payload.length} bytes; the log keeps up to ${maxAttestation}`,
    );
  }
  verifyProposal(
    envelope,
    signatures.map(({ publicKey }) => Buffer.from(publicKey, 'base64')),
    { stopWhenDone: false },
  );
  const keys = [...keysOf(signatures), ...statementKeys(payloadType, envelope.payload)];
  return { ...prepared(payloadType, signatures, hash, sha256Hex(envelope.payload), keys), attestation: envelope.payload };
}

function signaturesOf(value: unknown): Signature[] {
  if (!Array.isArray(value) || value.length === 0) throw invalidEntry('missing signatures content');
  return value.map((item: unknown) => {
    const { keyid, publicKey, sig } = fieldsOf(item, 'a signature');
    return {
      ...(typeof keyid === 'string' && keyid !== '' ? { keyid } : {}),
      publicKey: base64Of(publicKey, 'publicKey').toString('base64'),
      sig: base64Of(sig, 'sig').toString('base64'),
    };
  });
}

function keysOf(signatures: readonly Signature[]): string[] {
  return signatures.flatMap(({ publicKey }) => verifierKeys(parseVerifier(Buffer.from(publicKey, 'base64'))));
}

function prepared(
  payloadType: string,
  signatures: readonly Signature[],
  hash: object,
  payloadHash: string,
  keys: readonly string[],
): PreparedEntry {
  return {
    kind: 'intoto',
    apiVersion: '0.0.2',
    body: canonicalJsonBytes({
      apiVersion: '0.0.2',
      kind: 'intoto',
      spec: { content: { envelope: { payloadType, signatures }, hash, payloadHash: { algorithm: 'sha256', value: payloadHash } } },
    }),
    keys: normalizeKeys([...keys, `sha256:${payloadHash}`]),
  };
}

/** intoto 0.0.1 in its logged form; read only: no current client writes it. */
export function prepareIntoto001(spec: unknown, { purpose }: PrepareOptions): PreparedEntry {
  if (purpose === 'insert') {
    throw logErrors.error('LOG_ENTRY_KIND', "entry kind 'intoto' does not support inserting entries of version '0.0.1'");
  }
  const fields: Fields = fieldsOf(spec, 'spec');
  const content = fieldsOf(fields['content'], 'content');
  const verifier = parseVerifier(base64Of(fields['publicKey'], 'publicKey'));
  const hash = sha256Value(content['hash'], 'content.hash');
  const payloadHash = content['payloadHash'] === undefined ? undefined : sha256Value(content['payloadHash'], 'content.payloadHash');
  return {
    kind: 'intoto',
    apiVersion: '0.0.1',
    body: canonicalJsonBytes({
      apiVersion: '0.0.1',
      kind: 'intoto',
      spec: { content: { hash, payloadHash }, publicKey: Buffer.from(verifier.canonical).toString('base64') },
    }),
    keys: normalizeKeys([
      ...verifierKeys(verifier),
      `sha256:${hash.value}`,
      ...(payloadHash === undefined ? [] : [`sha256:${payloadHash.value}`]),
    ]),
  };
}
