import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobStore } from '@colophon/store';
import { openLog, spkiId, type Log, type LogOptions, type LogSigner } from '../src/index.ts';

/** A signer in this process that remembers what it signed and refuses a second root for a size, as the real one does. */
export function testSigner(pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })): LogSigner & { roots: Map<string, string> } {
  const roots = new Map<string, string>();
  return {
    roots,
    publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    logId: spkiId(pair.publicKey).toString('hex'),
    async signCheckpoint(body) {
      const [, size, root] = body.split('\n') as [string, string, string];
      if ((roots.get(size) ?? root) !== root) throw new Error(`two roots for size ${size}`);
      roots.set(size, root);
      return sign('sha256', Buffer.from(body), pair.privateKey);
    },
    async signEntryTimestamp(bytes) {
      return sign('sha256', bytes, pair.privateKey);
    },
  };
}

export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'colophon-log-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export async function openTestLog(path: string, signer: LogSigner, options: Partial<LogOptions> = {}): Promise<Log> {
  const blobs = await openBlobStore(join(path, 'blobs'));
  return openLog({ directory: join(path, 'log'), signer, hostname: 'rekor.local', blobs, workers: 1, ...options });
}

const user = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const userKeyPem = user.publicKey.export({ type: 'spki', format: 'pem' }) as string;
const base64 = (data: Uint8Array | string) => Buffer.from(data as Uint8Array).toString('base64');

/** A valid hashedrekord over `message`. */
export function hashedrekord(message: string, pair: { privateKey: KeyObject; publicKey: KeyObject } = user) {
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(message).digest('hex') } },
      signature: {
        content: base64(sign('sha256', Buffer.from(message), pair.privateKey)),
        publicKey: { content: base64(pair.publicKey.export({ type: 'spki', format: 'pem' })) },
      },
    },
  };
}

export const intotoType = 'application/vnd.in-toto+json';

export function signedEnvelope(statement: unknown) {
  const payload = Buffer.from(JSON.stringify(statement));
  const message = Buffer.concat([Buffer.from(`DSSEv1 ${intotoType.length} ${intotoType} ${payload.length} `), payload]);
  return { payloadType: intotoType, payload: base64(payload), signatures: [{ sig: base64(sign('sha256', message, user.privateKey)) }] };
}

/** intoto 0.0.2 as clients send it: payload and signature in base64 twice. */
export function intoto(statement: unknown) {
  const envelope = signedEnvelope(statement);
  const hash = { algorithm: 'sha256', value: createHash('sha256').update(JSON.stringify(envelope)).digest('hex') };
  const signatures = envelope.signatures.map(({ sig }) => ({ sig: base64(sig), publicKey: base64(userKeyPem) }));
  return {
    apiVersion: '0.0.2',
    kind: 'intoto',
    spec: { content: { envelope: { payloadType: intotoType, payload: base64(envelope.payload), signatures }, hash } },
  };
}

export function dsse(statement: unknown) {
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: { proposedContent: { envelope: JSON.stringify(signedEnvelope(statement)), verifiers: [base64(userKeyPem)] } },
  };
}
