import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog, type Log } from '@colophon/log';
import { createRegistry, registryMigrations, type Registry } from '@colophon/oci';
import { logSigner, openSigner } from '@colophon/sign';
import { openBlobStore, openDatabase, openObjectStore, type BlobStore, type Database, type ObjectStore } from '@colophon/store';
import { openDataDirectory, type DataDirectory } from '../src/index.ts';

/** The stores of a server, open in this process as the server has them. */
export interface OpenData {
  readonly directory: DataDirectory;
  readonly blobs: BlobStore;
  readonly objects: ObjectStore;
  readonly database: Database;
  readonly registry: Registry;
  readonly log: Log;
  close(): Promise<void>;
}

export async function temporary(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'colophon-data-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export async function openData(path: string, hostname = 'log.example'): Promise<OpenData> {
  const directory = await openDataDirectory(path);
  const signer = await openSigner({ keysDirectory: directory.keys });
  const blobs = await openBlobStore(directory.blobs);
  const objects = await openObjectStore(directory.objects);
  const database = await openDatabase(directory.registry, { migrations: registryMigrations });
  const registry = createRegistry({ blobs, database });
  const log = await openLog({ directory: directory.log, signer: await logSigner(signer), hostname, blobs, workers: 1 });
  return {
    directory,
    blobs,
    objects,
    database,
    registry,
    log,
    async close() {
      await log.close();
      await database.close();
      await objects.close();
    },
  };
}

const user = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const base64 = (data: Uint8Array | string) => Buffer.from(data as Uint8Array).toString('base64');
const userPem = user.publicKey.export({ type: 'spki', format: 'pem' }) as string;

/** A hashedrekord entry over `message`. */
export function hashedrekord(message: string) {
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(message).digest('hex') } },
      signature: { content: base64(sign('sha256', Buffer.from(message), user.privateKey)), publicKey: { content: base64(userPem) } },
    },
  };
}

/** An intoto 0.0.2 entry, whose payload the log keeps as a blob; and that payload. */
export function intoto(statement: unknown): { entry: object; payload: Buffer } {
  const type = 'application/vnd.in-toto+json';
  const payload = Buffer.from(JSON.stringify(statement));
  const message = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
  const envelope = { payloadType: type, payload: base64(payload), signatures: [{ sig: base64(sign('sha256', message, user.privateKey)) }] };
  const hash = { algorithm: 'sha256', value: createHash('sha256').update(JSON.stringify(envelope)).digest('hex') };
  const signatures = envelope.signatures.map(({ sig }) => ({ sig: base64(sig), publicKey: base64(userPem) }));
  const content = { envelope: { payloadType: type, payload: base64(envelope.payload), signatures }, hash };
  return { entry: { apiVersion: '0.0.2', kind: 'intoto', spec: { content } }, payload };
}

/** An image of one layer, pushed; gives the digest of its manifest. */
export async function pushImage(registry: Registry, repository: string, tag: string, layer: string): Promise<string> {
  const config = await registry.putBlob(repository, Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', layer })));
  const content = await registry.putBlob(repository, Buffer.from(layer));
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers: [{ ...content, mediaType: 'application/vnd.oci.image.layer.v1.tar' }],
  };
  return (await registry.putManifest(repository, Buffer.from(JSON.stringify(manifest)), { reference: tag })).digest;
}
