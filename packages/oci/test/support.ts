import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { digestOf, type Digest } from '@colophon/core';
import { mediaTypes, type Descriptor } from '../src/index.ts';
import { serveRegistry, type ServeOptions, type TestRegistry } from './serve.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

/** Does something when the test has ended, last first. */
export function atEnd(end: () => Promise<unknown>): void {
  endings.push(end);
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'colophon-oci-'));
  atEnd(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function testRegistry(options: ServeOptions = {}): Promise<TestRegistry & { url: string; directory: string }> {
  const directory = await temporaryDirectory();
  const served = await serveRegistry(directory, options);
  atEnd(() => served.close());
  return { ...served, directory, url: `http://${served.host}` };
}

export function descriptorOf(
  bytes: Uint8Array,
  mediaType = 'application/octet-stream',
  algorithm: 'sha256' | 'sha512' = 'sha256',
): Descriptor {
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length };
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export interface TestImage {
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Buffer }[];
  readonly manifest: Buffer;
  readonly descriptor: Descriptor;
}

/** A small image of its own for each name. */
export function testImage(name: string, more: Readonly<Record<string, unknown>> = {}): TestImage {
  const layer = Buffer.from(`layer of ${name}\n`.repeat(50));
  const config = json({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] }, author: name });
  const blobs = [
    { descriptor: descriptorOf(config, mediaTypes.config), bytes: config },
    { descriptor: descriptorOf(layer, mediaTypes.layer), bytes: layer },
  ];
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: blobs[0]?.descriptor,
    layers: [blobs[1]?.descriptor],
    ...more,
  });
  return { blobs, manifest, descriptor: descriptorOf(manifest, mediaTypes.manifest) };
}

/** What names an image as its subject, such as a signature. */
export function testReferrer(subject: Descriptor, artifactType: string, text: string): TestImage {
  const empty = Buffer.from('{}');
  const layer = Buffer.from(text);
  const blobs = [
    { descriptor: descriptorOf(empty, mediaTypes.empty), bytes: empty },
    { descriptor: descriptorOf(layer, artifactType), bytes: layer },
  ];
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config: blobs[0]?.descriptor,
    layers: [blobs[1]?.descriptor],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: { text },
  });
  return { blobs, manifest, descriptor: descriptorOf(manifest, mediaTypes.manifest) };
}

/** Puts an image in through the direct interface. */
export async function putImage(
  { registry }: Pick<TestRegistry, 'registry'>,
  repository: string,
  image: TestImage,
  tag?: string,
): Promise<Digest> {
  for (const { descriptor, bytes } of image.blobs) await registry.putBlob(repository, bytes, { expected: descriptor.digest });
  return (
    await registry.putManifest(repository, image.manifest, { reference: tag ?? image.descriptor.digest, mediaType: mediaTypes.manifest })
  ).digest;
}

export async function read(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Code of the error that a promise ends in. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}
