import { envelopeBytes, envelopePayload, type Envelope, type TlogEntry } from '@colophon/sign';
import { sha256Hex } from '@colophon/core';

/** What the attestor needs of a log: the embedded one called directly, or any Rekor v1 over HTTP. Appending again what is there is success. */
export interface LogClient {
  append(proposed: ProposedEntry): Promise<AcceptedEntry>;
}

export interface ProposedEntry {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Rekor's LogEntry (openapi.yaml, definitions/LogEntry), with its proofs. */
export interface AcceptedEntry {
  readonly uuid: string;
  readonly entry: {
    readonly body: string;
    readonly integratedTime: number;
    readonly logID: string;
    readonly logIndex: number;
    readonly verification: {
      readonly signedEntryTimestamp: string;
      readonly inclusionProof: {
        readonly logIndex: number;
        readonly rootHash: string;
        readonly treeSize: number;
        readonly hashes: readonly string[];
        readonly checkpoint: string;
      };
    };
  };
}

const base64 = (data: string | Uint8Array) => Buffer.from(data as Uint8Array).toString('base64');

/** An intoto 0.0.2 entry of an envelope: payload and signatures are base64 of their base64 forms, as Rekor's own clients send them. */
export function intotoEntry(envelope: Envelope, publicKeyPem: string): ProposedEntry {
  const signatures = envelope.signatures.map(({ keyid, sig }) => ({
    ...(keyid === undefined || keyid === '' ? {} : { keyid }),
    sig: base64(sig),
    publicKey: base64(publicKeyPem),
  }));
  return {
    kind: 'intoto',
    apiVersion: '0.0.2',
    spec: {
      content: {
        envelope: { payloadType: envelope.payloadType, payload: base64(envelope.payload), signatures },
        hash: { algorithm: 'sha256', value: sha256Hex(envelopeBytes(envelope)) },
        payloadHash: { algorithm: 'sha256', value: sha256Hex(envelopePayload(envelope)) },
      },
    },
  };
}

/** A hashedrekord 0.0.1 entry of a signature over `payload`. */
export function hashedRekordEntry(payload: Uint8Array, signature: string, publicKeyPem: string): ProposedEntry {
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    spec: {
      data: { hash: { algorithm: 'sha256', value: sha256Hex(payload) } },
      signature: { content: signature, publicKey: { content: base64(publicKeyPem) } },
    },
  };
}

/** The entry as a bundle carries it. */
export function tlogEntry(proposed: ProposedEntry, { entry }: AcceptedEntry): TlogEntry {
  const { signedEntryTimestamp, inclusionProof } = entry.verification;
  return {
    logIndex: entry.logIndex,
    logId: Buffer.from(entry.logID, 'hex'),
    kind: proposed.kind,
    version: proposed.apiVersion,
    integratedTime: entry.integratedTime,
    signedEntryTimestamp: Buffer.from(signedEntryTimestamp, 'base64'),
    inclusionProof: {
      logIndex: inclusionProof.logIndex,
      treeSize: inclusionProof.treeSize,
      rootHash: Buffer.from(inclusionProof.rootHash, 'hex'),
      hashes: inclusionProof.hashes.map((hash) => Buffer.from(hash, 'hex')),
      checkpoint: inclusionProof.checkpoint,
    },
    canonicalizedBody: Buffer.from(entry.body, 'base64'),
  };
}
