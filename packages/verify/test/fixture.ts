import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog, spkiId, type Log, type LogEntry, type LogSigner } from '@colophon/log';
import { createLayout, mediaTypes, type Descriptor } from '@colophon/oci';
import { bundleJson, generateKeyPair, loadKey, loadPublicKey, pae, type Envelope, type SigningKey, type TlogEntry } from '@colophon/sign';
import { openBlobStore } from '@colophon/store';

export const payloadType = 'application/vnd.in-toto+json';
const base64 = (data: Uint8Array | string) => Buffer.from(data as Uint8Array).toString('base64');

/** A key, a log on a temporary directory and a trusted root that names it. */
export interface World {
  readonly directory: string;
  readonly key: SigningKey;
  readonly keyPem: string;
  readonly log: Log;
  readonly trustedRoot: string;
  close(): Promise<void>;
}

export async function newKey(): Promise<{ key: SigningKey; pem: string }> {
  const { private: secret, public: pem } = await generateKeyPair('password');
  return { key: await loadKey(secret, 'password'), pem };
}

export async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'colophon-verify-'));
  const { key, pem: keyPem } = await newKey();
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: LogSigner = {
    publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    logId: spkiId(pair.publicKey).toString('hex'),
    signCheckpoint: async (body) => sign('sha256', Buffer.from(body), pair.privateKey),
    signEntryTimestamp: async (bytes) => sign('sha256', bytes, pair.privateKey),
  };
  const blobs = await openBlobStore(join(directory, 'blobs'));
  const log = await openLog({ directory: join(directory, 'log'), signer, hostname: '127.0.0.1', blobs, workers: 1 });
  return {
    directory,
    key,
    keyPem,
    log,
    trustedRoot: trustedRootOf(signer.publicKeyPem, 'http://127.0.0.1:8080'),
    async close() {
      await log.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function trustedRootOf(logKeyPem: string, baseUrl: string): string {
  const { spki } = loadPublicKey(logKeyPem);
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      {
        baseUrl,
        hashAlgorithm: 'SHA2_256',
        publicKey: { rawBytes: base64(spki), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start: '2020-01-01T00:00:00Z' } },
        logId: { keyId: createHash('sha256').update(spki).digest('base64') },
      },
    ],
  });
}

/** An image of nothing in a new layout. */
export async function writeImage(
  directory: string,
  name = 'latest',
): Promise<{ layout: Awaited<ReturnType<typeof createLayout>>; image: Descriptor }> {
  const layout = await createLayout(directory);
  const config = await layout.putBlob(
    Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } })),
    mediaTypes.config,
  );
  const image = await layout.putBlob(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] })),
    mediaTypes.manifest,
  );
  await layout.addManifest(image, name);
  return { layout, image };
}

export function statementFor(digest: string, changes: { builderId?: string; predicateType?: string; commit?: string } = {}): object {
  const {
    builderId = 'https://colophon.example/builders/sandbox',
    predicateType = 'https://slsa.dev/provenance/v1',
    commit = 'ab'.repeat(20),
  } = changes;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'image', digest: { sha256: digest.replace('sha256:', '') } }],
    predicateType,
    predicate: {
      buildDefinition: {
        buildType: 'https://example.org/build',
        externalParameters: {},
        resolvedDependencies: [{ uri: 'git+https://example.org/hello.git@refs/heads/main', digest: { gitCommit: commit } }],
      },
      runDetails: { builder: { id: builderId }, metadata: { invocationId: 'x' } },
    },
  };
}

export function sealEnvelope(key: SigningKey, statement: object): Envelope {
  const payload = Buffer.from(JSON.stringify(statement));
  return { payloadType, payload: base64(payload), signatures: [{ sig: base64(key.sign(pae(payloadType, payload))) }] };
}

/** Logs an envelope as intoto 0.0.2, the way Colophon does. */
export async function logEnvelope(log: Log, envelope: Envelope, keyPem: string): Promise<TlogEntry> {
  const hash = { algorithm: 'sha256', value: createHash('sha256').update(JSON.stringify(envelope)).digest('hex') };
  const signatures = envelope.signatures.map(({ sig }) => ({ sig: base64(sig), publicKey: base64(keyPem) }));
  const spec = { content: { envelope: { payloadType: envelope.payloadType, payload: base64(envelope.payload), signatures }, hash } };
  const { entry } = await log.append({ apiVersion: '0.0.2', kind: 'intoto', spec });
  return tlogEntry(entry, 'intoto', '0.0.2');
}

export function tlogEntry(entry: LogEntry, kind: string, version: string): TlogEntry {
  const { inclusionProof, signedEntryTimestamp } = entry.verification;
  return {
    logIndex: entry.logIndex,
    logId: Buffer.from(entry.logID, 'hex'),
    kind,
    version,
    integratedTime: entry.integratedTime,
    signedEntryTimestamp: Buffer.from(signedEntryTimestamp, 'base64'),
    inclusionProof: {
      ...inclusionProof,
      rootHash: Buffer.from(inclusionProof.rootHash, 'hex'),
      hashes: inclusionProof.hashes.map((hash) => Buffer.from(hash, 'hex')),
    },
    canonicalizedBody: Buffer.from(entry.body, 'base64'),
  };
}

/** The JSON of a v0.3 bundle, for tests to change. */
export function bundleFor(envelope: Envelope, entry: TlogEntry, hint = ''): any {
  return bundleJson({ key: { kind: 'publicKey', hint }, content: { kind: 'dsse', envelope }, tlogEntries: [entry] });
}
