import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { digestOf, isDigest } from '@colophon/core';
import { createRegistryClient, mediaTypes, parseManifest, references, type RegistryClient } from '../../src/index.ts';
import { atEnd, read, temporaryDirectory, testImage, type TestImage } from '../support.ts';

async function startRegistry(directory: string): Promise<{ child: ChildProcess; client: RegistryClient }> {
  const child = spawn(process.execPath, ['--conditions=colophon-source', join(import.meta.dirname, '../main.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(async () => void child.kill('SIGKILL'));
  const [host] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, client: createRegistryClient({ registry: host.toString().trim(), attempts: 1 }) };
}

interface Acknowledged {
  readonly tag: string;
  readonly image: TestImage;
}

/** Pushes images, one after another, until the registry is gone; notes what was acknowledged. */
async function pushUntilGone(client: RegistryClient, name: string, acknowledged: Acknowledged[]): Promise<void> {
  for (let number = 0; ; number += 1) {
    const image = testImage(`${name} ${number} ${'x'.repeat(2000)}`);
    try {
      for (const { descriptor, bytes } of image.blobs)
        await client.pushBlob('crash/app', descriptor, bytes, number % 2 === 0 ? {} : { chunkSize: 1000 });
      await client.pushManifest('crash/app', `${name}-${number}`, image.manifest, mediaTypes.manifest);
      acknowledged.push({ tag: `${name}-${number}`, image });
    } catch {
      return;
    }
  }
}

test('kill -9 during pushes, at random points: nothing acknowledged is lost, nothing half-written is served', async () => {
  const directory = await temporaryDirectory();
  const acknowledged: Acknowledged[] = [];
  const kills = 12;
  for (let kill = 0; kill < kills; kill += 1) {
    const { child, client } = await startRegistry(directory);
    const before = acknowledged.length;
    const pushers = Array.from({ length: 6 }, (_, number) => pushUntilGone(client, `k${kill}p${number}`, acknowledged));
    // Half of them in the beginning, half of them in the middle of things.
    const wanted = before + (kill % 2 === 1 ? 5 : 0);
    while (acknowledged.length < wanted) await sleep(5);
    await sleep(Math.random() * 150);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await Promise.all(pushers);
  }
  expect(acknowledged.length).toBeGreaterThan(kills);

  const { client } = await startRegistry(directory);
  for (const { tag, image } of acknowledged) {
    const found = await client.manifest('crash/app', tag);
    expect([tag, found?.descriptor.digest]).toEqual([tag, image.descriptor.digest]);
    for (const { descriptor } of image.blobs) await read(client.blob('crash/app', descriptor));
  }
  // Whatever is served, acknowledged or not, is whole: the client checks each digest.
  const tags = await client.tags('crash/app');
  expect(tags.length).toBeGreaterThanOrEqual(acknowledged.length);
  for (const tag of tags) {
    const found = await client.manifest('crash/app', tag);
    expect(isDigest(found?.descriptor.digest ?? '')).toBe(true);
    const parsed = parseManifest(found?.bytes ?? Buffer.alloc(0), mediaTypes.manifest);
    for (const descriptor of references(parsed)) expect(digestOf(await read(client.blob('crash/app', descriptor)))).toBe(descriptor.digest);
  }
  process.stdout.write(`${kills} kills, ${acknowledged.length} pushes acknowledged, ${tags.length} found\n`);
});
