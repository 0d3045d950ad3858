import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRegistryClient, mediaTypes } from '../../src/index.ts';
import { atEnd, descriptorOf, temporaryDirectory, testImage } from '../support.ts';

interface Call {
  readonly name: string;
  readonly text: string;
}

/** System calls in the order in which they ended (strace -f splits those that others interrupt in two lines). */
function callsOf(trace: string): Call[] {
  const unfinished = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of trace.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest);
    if (rest.endsWith('<unfinished ...>')) unfinished.set(pid, rest.slice(0, -'<unfinished ...>'.length));
    else if (resumed !== null) calls.push({ name: resumed[1] ?? '', text: `${unfinished.get(pid) ?? ''}${resumed[2]}` });
    else calls.push({ name: /^(\w+)\(/.exec(rest)?.[1] ?? '', text: rest });
  }
  return calls;
}

const canTrace = existsSync('/usr/bin/strace');
if (!canTrace) console.log('strace is not installed: that every acknowledgement comes after its fsync is not shown here');

describe.skipIf(!canTrace)('strace of the registry', () => {
  test('content, its folder and the database are on disk before 201 is sent', async () => {
    const directory = await temporaryDirectory();
    const output = join(directory, 'trace');
    const main = join(import.meta.dirname, '../main.ts');
    const node = [process.execPath, '--conditions=colophon-source', main, join(directory, 'data')];
    const child = spawn(
      'strace',
      ['-f', '-y', '-s', '80', '-e', 'trace=fsync,fdatasync,link,linkat,rename,renameat,write,writev', '-o', output, ...node],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, UV_USE_IO_URING: '0' },
        detached: true,
      },
    );
    atEnd(async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
    });
    const [address] = (await once(child.stdout, 'data')) as [Buffer];
    const client = createRegistryClient({ registry: address.toString().trim() });
    const image = testImage('durable');
    const [config, layer] = image.blobs;
    await client.pushBlob('app', config!.descriptor, config!.bytes);
    await client.pushBlob('app', layer!.descriptor, layer!.bytes, { chunkSize: 300 });
    await client.pushManifest('app', 'latest', image.manifest, mediaTypes.manifest);
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await once(child, 'exit');

    const calls = callsOf(await readFile(output, 'utf8'));
    const acknowledged = calls.flatMap(({ name, text }, index) =>
      name.startsWith('write') && text.includes('HTTP/1.1 201') ? [index] : [],
    );
    expect(acknowledged).toHaveLength(3);
    const contents = [config!.descriptor, layer!.descriptor, descriptorOf(image.manifest)];
    for (const [number, { digest }] of contents.entries()) {
      const hex = digest.slice('sha256:'.length);
      const before = calls.slice(number === 0 ? 0 : acknowledged[number - 1], acknowledged[number]);
      const named = before.findIndex(({ name, text }) => /^(link|rename)/.test(name) && text.includes(hex));
      expect(named).toBeGreaterThan(0);
      const [, from = ''] = /"([^"]+)"/.exec(before[named]?.text ?? '') ?? [];
      const synced = (place: string, calls_: Call[]) =>
        calls_.findIndex(({ name, text }) => /^f(data)?sync$/.test(name) && text.includes(`<${place}>`));
      // The data before the name, the name's folder after it, the database after both.
      expect(synced(from, before.slice(0, named))).toBeGreaterThanOrEqual(0);
      const folder = synced(join(directory, 'data/blobs/sha256', hex.slice(0, 2)), before.slice(named));
      expect(folder).toBeGreaterThanOrEqual(0);
      expect(synced(join(directory, 'data/registry.sqlite-wal'), before.slice(named + folder))).toBeGreaterThan(0);
    }
  });
});
