import { canonicalJsonBytes, parseJson, sha256Hex } from '@colophon/core';
import { base64Of, fieldsOf, invalidEntry, sha256Value, textOf, type Fields } from './fields.ts';
import { envelopeOf, verifyProposal } from './envelope.ts';
import { normalizeKeys, statementKeys, verifierKeys } from './index-keys.ts';
import type { PrepareOptions, PreparedEntry } from './prepared.ts';
import { parseVerifier } from './verifier.ts';

interface DsseSpec {
  readonly envelopeHash: { algorithm: string; value: string };
  readonly payloadHash: { algorithm: string; value: string };
  readonly signatures: readonly { signature: string; verifier: string }[];
}

/**
 * dsse 0.0.1: the envelope is proposed as text and logged as its hash (over the text as sent), the hash of
 * its payload, and its signatures, in order, with their keys. Throws LOG_ENTRY_INVALID.
 */
export function prepareDsse(spec: unknown, { purpose }: PrepareOptions): PreparedEntry {
  const fields = fieldsOf(spec, 'spec');
  const computed = ['envelopeHash', 'payloadHash', 'signatures'].some((name) => fields[name] !== undefined && fields[name] !== null);
  const proposed = fields['proposedContent'] !== undefined && fields['proposedContent'] !== null;
  if (proposed === computed) {
    throw invalidEntry('either proposedContent or envelopeHash, payloadHash, and signatures must be present but not both');
  }
  if (proposed) return fromProposal(fieldsOf(fields['proposedContent'], 'proposedContent'));
  if (purpose === 'insert') throw invalidEntry('entry not insertable into log: missing proposed content');
  return fromCanonical(fields);
}

function fromProposal(content: Fields): PreparedEntry {
  const text = textOf(content['envelope'], 'proposedContent.envelope');
  const verifiers = content['verifiers'];
  if (!Array.isArray(verifiers) || verifiers.length === 0) throw invalidEntry('entry not insertable into log: missing proposed verifiers');
  const envelope = envelopeOf(parseJson(text, 'the envelope'));
  const verified = verifyProposal(
    envelope,
    verifiers.map((verifier) => base64Of(verifier, 'a verifier')),
    { stopWhenDone: true },
  );
  const signatures = [...verified].map(([signature, { canonical }]) => ({
    signature,
    verifier: Buffer.from(canonical).toString('base64'),
  }));
  for (const { signature } of signatures) base64Of(signature, 'sig');
  const envelopeHash = sha256Hex(text);
  const payloadHash = sha256Hex(envelope.payload);
  return prepared(
    {
      envelopeHash: { algorithm: 'sha256', value: envelopeHash },
      payloadHash: { algorithm: 'sha256', value: payloadHash },
      signatures,
    },
    [...[...verified.values()].flatMap(verifierKeys), ...statementKeys(envelope.payloadType, envelope.payload)],
  );
}

function fromCanonical(fields: Fields): PreparedEntry {
  const { signatures } = fields;
  if (!Array.isArray(signatures) || signatures.length === 0) {
    throw invalidEntry('either proposedContent or envelopeHash, payloadHash, and signatures must be present');
  }
  const items = signatures.map((item: unknown) => {
    const { signature, verifier } = fieldsOf(item, 'a signature');
    base64Of(signature, 'signature');
    return { signature: signature as string, verifier: base64Of(verifier, 'verifier').toString('base64') };
  });
  return prepared(
    {
      envelopeHash: sha256Value(fields['envelopeHash'], 'envelopeHash'),
      payloadHash: sha256Value(fields['payloadHash'], 'payloadHash'),
      signatures: items,
    },
    items.flatMap(({ verifier }) => verifierKeys(parseVerifier(Buffer.from(verifier, 'base64')))),
  );
}

function prepared(spec: DsseSpec, keys: readonly string[]): PreparedEntry {
  const signatures = spec.signatures.toSorted((a, b) => (a.signature < b.signature ? -1 : a.signature > b.signature ? 1 : 0));
  return {
    kind: 'dsse',
    apiVersion: '0.0.1',
    body: canonicalJsonBytes({ apiVersion: '0.0.1', kind: 'dsse', spec: { ...spec, signatures } }),
    keys: normalizeKeys([...keys, `sha256:${spec.payloadHash.value}`, `sha256:${spec.envelopeHash.value}`]),
  };
}
