import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { digestOf } from '@colophon/core';
import { openBlobStore, openObjectStore } from '@colophon/store';
import { collect, temporary } from '../support/temporary.ts';
import { runs } from '../support/types.ts';

const payload = (seed: string) => createHash('sha512').update(seed).digest('hex').repeat(20);

/** Lets a writer live for some milliseconds after it began, kills it, and gives what it had acknowledged. */
async function liveAndDie(directory: string, life: number, milliseconds: number): Promise<string[][]> {
  const child = spawn(process.execPath, ['--conditions=colophon-source', join(import.meta.dirname, 'writer.ts'), directory, String(life)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise<void>((ready, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.startsWith('ready\n')) ready();
    });
    child.on('error', failed);
    child.on('exit', () => failed(new Error('the writer ended by itself')));
  });
  await sleep(milliseconds);
  const closed = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGKILL');
  await closed;
  // The last line may be cut: it was not acknowledged to anybody.
  return output
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split(' '));
}

interface Promised {
  readonly versions: Map<string, number>;
  readonly deleted: Set<string>;
  readonly blobs: Set<string>;
  readonly files: Map<string, string>;
  log: number;
}

function remember(promised: Promised, acknowledgements: readonly string[][]): void {
  for (const [kind, name = '', value = ''] of acknowledgements) {
    if (kind === 'object') promised.versions.set(name, Number(value));
    else if (kind === 'deleted') promised.deleted.add(name);
    else if (kind === 'blob') promised.blobs.add(name);
    else if (kind === 'file') promised.files.set(name, value);
    else if (kind === 'log') promised.log = Number(name);
  }
}

async function checkObjects(directory: string, promised: Promised): Promise<void> {
  const store = await openObjectStore(join(directory, 'objects.sqlite'));
  const { items, resourceVersion } = await store.list(runs);
  const found = new Map(items.map((object) => [object.metadata.name as string, object]));
  for (const [name, version] of promised.versions) {
    const object = found.get(name);
    if (promised.deleted.has(name)) expect(object).toBeUndefined();
    // Without an acknowledgement a deletion may or may not have happened.
    else if (object !== undefined) expect(Number(object.metadata.resourceVersion)).toBeGreaterThanOrEqual(version);
    else expect(Number(name.split('-').at(-1)) % 3).toBe(0);
    expect(Number(resourceVersion)).toBeGreaterThanOrEqual(version);
  }
  for (const { metadata, spec, status } of items) {
    expect(spec).toEqual({ payload: payload(metadata.name as string) });
    if (status !== undefined) expect(status).toEqual({ payload: payload(`${metadata.name} status`) });
  }
  await store.close();
}

async function checkContent(directory: string, promised: Promised): Promise<void> {
  const blobs = await openBlobStore(join(directory, 'blobs'));
  const present = new Set<string>();
  for (const { digest } of await collect(blobs.list())) {
    present.add(digest);
    expect(digestOf(await blobs.bytes(digest))).toBe(digest);
  }
  for (const digest of promised.blobs) expect(present).toContain(digest);
  const files = readdirSync(join(directory, 'files')).filter((name) => !name.endsWith('.tmp'));
  for (const [name] of promised.files) expect(files).toContain(name);
  for (const name of files) {
    const text = readFileSync(join(directory, 'files', name), 'utf8');
    if (name.startsWith('life-')) expect(text).toBe(payload(name));
    else expect(text).toHaveLength(payload('').length);
  }
  const log = readFileSync(join(directory, 'log'), 'latin1');
  expect(log.length).toBeGreaterThanOrEqual(promised.log);
  for (let at = 0; at + 16 <= promised.log; at += 16) expect(log.slice(at, at + 16)).toBe(`${String(at).padStart(15, '0')}\n`);
}

it('kill -9 at any moment: what was acknowledged is there, and nothing is half-written', async () => {
  const directory = temporary();
  const promised: Promised = { versions: new Map(), deleted: new Set(), blobs: new Set(), files: new Map(), log: 0 };
  let acknowledged = 0;
  for (let life = 0; life < 8; life += 1) {
    const acknowledgements = await liveAndDie(directory, life, randomInt(1, 250));
    acknowledged += acknowledgements.length;
    remember(promised, acknowledgements);
    await checkObjects(directory, promised);
    await checkContent(directory, promised);
  }
  expect(acknowledged).toBeGreaterThan(100);
  console.log(`8 writers killed after ${acknowledged} acknowledgements: ${promised.versions.size} objects, ${promised.blobs.size} blobs`);
}, 120_000);
