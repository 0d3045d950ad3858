import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { durable, openBlobStore, openObjectStore } from '@colophon/store';
import { tmpdir } from 'node:os';
import { collect } from '../support/temporary.ts';
import { run } from '../support/objects.ts';
import { runs } from '../support/types.ts';

const mountPoint = mkdtempSync(join(tmpdir(), 'colophon-full-'));
const cannot = mount();
if (cannot !== undefined) console.log(`a small file system cannot be mounted here, so what a full disk does is not tried: ${cannot}`);

function mount(): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'colophon-full', mountPoint], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
}

/** Takes all space that is left; gives it back. */
function fill(): () => void {
  const path = join(mountPoint, 'ballast');
  for (let size = 4 << 20; size >= 512; size >>= 1) {
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
  return () => rmSync(path);
}

describe.skipIf(cannot !== undefined)('a full disk', () => {
  let directory: string;
  beforeAll(() => {
    directory = join(mountPoint, 'data');
    mkdirSync(directory);
  });
  afterAll(() => {
    if (cannot === undefined) execFileSync('umount', ['-l', mountPoint]);
    rmSync(mountPoint, { recursive: true });
  });

  it('refuses files and leaves the old ones', async () => {
    const path = join(directory, 'file');
    await durable.writeFile(path, 'old');
    const log = await durable.openAppend(join(directory, 'log'));
    await log.append(Buffer.from('first'));
    const free = fill();
    const large = Buffer.alloc(200_000, 1);
    await expect(durable.writeFile(path, large)).rejects.toMatchObject({ code: 'STORE_DISK_FULL', status: 507 });
    await expect(durable.createFile(join(directory, 'other'), large)).rejects.toMatchObject({ code: 'STORE_DISK_FULL' });
    await expect(log.append(large)).rejects.toMatchObject({ code: 'STORE_DISK_FULL' });
    expect(log.size()).toBe(5);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(directory).sort()).toEqual(['file', 'log']);
    free();
    await log.append(Buffer.from(' second'));
    await log.sync();
    await log.close();
    expect(readFileSync(join(directory, 'log'), 'utf8')).toBe('first second');
    await durable.writeFile(path, 'new');
  });

  it('refuses blobs and leaves nothing of them', async () => {
    const blobs = await openBlobStore(join(directory, 'blobs'));
    const { digest } = await blobs.put(Buffer.from('there'));
    const free = fill();
    await expect(blobs.put(Buffer.alloc(300_000, 2))).rejects.toMatchObject({ code: 'STORE_DISK_FULL' });
    expect((await collect(blobs.list())).map((blob) => blob.digest)).toEqual([digest]);
    expect(readdirSync(join(directory, 'blobs', 'incoming'))).toEqual([]);
    free();
    await blobs.put(Buffer.alloc(300_000, 2));
  });

  it('refuses objects, in one clear error each, tells no watcher, and goes on when there is space', async () => {
    const path = join(directory, 'objects.sqlite');
    const store = await openObjectStore(path);
    const controller = new AbortController();
    const told: string[] = [];
    const watching = (async () => {
      for await (const { object } of store.watch(runs, undefined, { signal: controller.signal })) told.push(object.metadata.name as string);
    })();
    const before = await store.create(runs, run('before'));
    const free = fill();
    const text = 'x'.repeat(100_000);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => store.create(runs, run(`lost-${index}`, { spec: { text } }))),
    );
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const outcome of failed) expect((outcome as PromiseRejectedResult).reason).toMatchObject({ code: 'STORE_DISK_FULL' });
    const kept = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [`lost-${index}`] : []));
    expect(await store.get(runs, 'default', 'before')).toBe(before);
    free();
    await store.create(runs, run('after'));
    const names = (await store.list(runs)).items.map(({ metadata }) => metadata.name as string);
    expect(names.toSorted()).toEqual(['after', 'before', ...kept].toSorted());
    controller.abort();
    await watching;
    expect(told.toSorted()).toEqual(names.toSorted());
    await store.close();
    const again = await openObjectStore(path);
    expect((await again.list(runs)).items.map(({ metadata }) => metadata.name)).toEqual(names);
    await again.close();
    const raw = new DatabaseSync(path);
    expect(raw.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    raw.close();
  });
});
