import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRegistryClient, mediaTypes } from '../../src/index.ts';
import { atEnd, descriptorOf, read, temporaryDirectory, testImage } from '../support.ts';

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('no file system can be mounted in a namespace here: a full disk is not tried');
    return false;
  }
}

describe.skipIf(!canMount())('a registry whose disk is full', () => {
  test.each([
    ['at once', {}],
    ['in chunks', { chunkSize: 100_000 }],
  ])('refuses what it cannot keep (%s), and serves what it has', async (_name, options) => {
    const directory = await temporaryDirectory();
    const script = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" --conditions=colophon-source "$3" "$1"';
    const child = spawn(
      'unshare',
      ['-rm', 'sh', '-c', script, 'sh', directory, process.execPath, join(import.meta.dirname, '../main.ts')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    atEnd(async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
    const [host] = (await once(child.stdout, 'data')) as [Buffer];
    const client = createRegistryClient({ registry: host.toString().trim(), backoff: 1, attempts: 1 });
    const kept: { bytes: Buffer; descriptor: ReturnType<typeof descriptorOf> }[] = [];
    const push = async (): Promise<unknown> => {
      const bytes = randomBytes(300_000);
      const descriptor = descriptorOf(bytes);
      await client.pushBlob('app', descriptor, bytes, options);
      kept.push({ bytes, descriptor });
      return kept.length < 40 ? push() : undefined;
    };
    const refusal = await push().catch((error: unknown) => error);
    expect(kept.length).toBeGreaterThan(3);
    expect(refusal).toMatchObject({ code: 'OCI_REGISTRY_FAILED', details: { status: 507 } });
    for (const { bytes, descriptor } of kept) expect(await read(client.blob('app', descriptor))).toEqual(bytes);
    // What was refused has left room for something small.
    const image = testImage('small');
    for (const { descriptor, bytes } of image.blobs) await client.pushBlob('app', descriptor, bytes);
    await client.pushManifest('app', 'latest', image.manifest, mediaTypes.manifest);
    expect((await client.resolve('app', 'latest'))?.digest).toBe(image.descriptor.digest);
  });
});
