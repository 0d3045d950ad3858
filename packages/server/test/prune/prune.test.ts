import { access, mkdir, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import type { Digest } from '@colophon/core';
import { prune, resources, type PruneObjects, type PruneResult } from '../../src/index.ts';
import { hashedrekord, intoto, openData, pushImage, temporary, type OpenData } from '../support-data.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const day = 86_400_000;
const old = new Date(Date.now() - 60 * day);
const time = (daysAgo: number) => `${new Date(Date.now() - daysAgo * day).toISOString().slice(0, 19)}Z`;

async function data(): Promise<OpenData> {
  const { path, remove } = await temporary();
  cleanups.push(remove);
  return openData(join(path, 'data'));
}

async function orphan({ blobs }: OpenData, text: string, age = old): Promise<Digest> {
  const { digest } = await blobs.put(Buffer.from(text));
  await utimes(blobs.path(digest), age, age);
  return digest;
}

/** Makes every blob old: only names protect now. */
async function age({ blobs }: OpenData): Promise<void> {
  for await (const { digest } of blobs.list()) await utimes(blobs.path(digest), old, old);
}

async function run(
  { objects }: OpenData,
  name: string,
  daysAgo: number | undefined,
  kind: 'TaskRun' | 'PipelineRun' = 'TaskRun',
): Promise<string> {
  const type = kind === 'TaskRun' ? resources.taskruns : resources.pipelineruns;
  const created = await objects.create(type, { apiVersion: 'tekton.dev/v1', kind, metadata: { name, namespace: 'default' }, spec: {} });
  if (daysAgo !== undefined) {
    const status = { conditions: [{ type: 'Succeeded', status: 'True' }], completionTime: time(daysAgo) };
    await objects.updateStatus(type, { ...created, status });
  }
  return created.metadata.uid as string;
}

async function build(
  { objects }: OpenData,
  uid: string,
  daysAgo: number,
  phase: string,
  extra: object = {},
  items: object[] = [],
): Promise<void> {
  const spec = { uid, run: { uid }, finishedAt: time(daysAgo), inputs: [], stepImages: [], ...extra };
  const created = await objects.create(resources.builds, {
    apiVersion: 'colophon.dev/v1',
    kind: 'Build',
    metadata: { name: uid, namespace: 'default' },
    spec,
  });
  await objects.updateStatus(resources.builds, { ...created, status: { phase, items } });
}

const names = ({ removed }: PruneResult, kind: string) => removed.filter((one) => one.kind === kind).map(({ name }) => name);

test('of a stopped server: what nothing names goes, what anything names stays', async () => {
  const it = await data();
  const manifest = (await pushImage(it.registry, 'a/b', 'latest', 'layer')) as Digest;
  const attested = intoto({ _type: 'https://in-toto.io/Statement/v1', subject: [], predicateType: 'p', predicate: {} });
  const { uuid } = await it.log.append(attested.entry);
  const signed = await orphan(it, 'envelope');
  const logged = await orphan(it, 'accepted entry');
  const deb = await orphan(it, '!<arch>\nof a kept build');
  const uid = await run(it, 'recent', 1);
  const input = { kind: 'packages', digest: { sha256: 'a'.repeat(64) }, packages: [{ sha256: deb.slice(7), inRelease: 'b'.repeat(64) }] };
  await build(it, uid, 1, 'Complete', { inputs: [input] }, [{ signed, logged }]);
  await age(it);
  const stray = await orphan(it, 'stray');
  const strayDeb = await orphan(it, '!<arch>\nstray');
  const fresh = await orphan(it, 'fresh', new Date());
  await it.close();

  const dry = await prune({ data: it.directory.root, keepDays: 30, dryRun: true });
  expect(names(dry, 'blob').toSorted()).toEqual([stray, strayDeb].toSorted());
  expect(await it.blobs.stat(stray)).toBeDefined();

  const result = await prune({ data: it.directory.root, keepDays: 30, dryRun: false });
  expect(result).toMatchObject({ serverRuns: false, skipped: [] });
  expect(names(result, 'blob').toSorted()).toEqual([stray, strayDeb].toSorted());
  for (const digest of [stray, strayDeb]) expect(await it.blobs.stat(digest)).toBeUndefined();
  for (const digest of [manifest, signed, logged, deb, fresh]) expect(await it.blobs.stat(digest), digest).toBeDefined();
  expect(await readdir(join(it.directory.root, 'pruned'))).toEqual([]);

  const again = await openData(it.directory.root);
  expect((await again.log.get(uuid)).entry.attestation).toBeDefined();
  expect(await again.registry.getManifest('a/b', 'latest')).toBeDefined();
  await again.close();
});

test('finished, attested runs go after their days, with logs and builds; others stay', async () => {
  const it = await data();
  const gone = await run(it, 'old', 40);
  await build(it, gone, 40, 'Complete');
  const waiting = await run(it, 'not-attested', 40);
  await build(it, waiting, 40, 'Signed');
  const recent = await run(it, 'recent', 29);
  await build(it, recent, 29, 'Complete');
  const running = await run(it, 'running', undefined);
  const parent = await run(it, 'pipeline', 50, 'PipelineRun');
  await build(it, parent, 50, 'Complete');
  const child = await it.objects.create(resources.taskruns, {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name: 'child',
      namespace: 'default',
      ownerReferences: [{ apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name: 'pipeline', uid: parent, controller: true }],
    },
    spec: {},
  });
  const childUid = child.metadata.uid as string;
  await it.objects.updateStatus(resources.taskruns, {
    ...child,
    status: { conditions: [{ type: 'Succeeded', status: 'True' }], completionTime: time(50) },
  });
  await build(it, childUid, 50, '', { parent: { uid: parent } });
  await build(it, 'left-over', 40, 'Complete');
  for (const uid of [gone, waiting, recent, running, parent, childUid]) {
    await mkdir(join(it.directory.runs, uid), { recursive: true });
    await writeFile(join(it.directory.runs, uid, 'step-a.log'), 'x');
  }
  await it.close();

  const result = await prune({ data: it.directory.root, keepDays: 30, dryRun: false });
  expect(names(result, 'run').toSorted()).toEqual(['pipelinerun/default/pipeline', 'taskrun/default/old']);
  expect(names(result, 'build').toSorted()).toEqual(
    ['left-over', childUid, gone, parent].map((name) => `build/default/${name}`).toSorted(),
  );
  expect(result.skipped).toContainEqual({ what: 'taskrun/default/not-attested', why: expect.stringContaining('not logged') });
  expect((await readdir(it.directory.runs)).toSorted()).toEqual([waiting, recent, running].toSorted());

  const again = await openData(it.directory.root);
  const left = (await again.objects.list(resources.taskruns)).items.map(({ metadata }) => String(metadata.name)).toSorted();
  expect(left).toEqual(['not-attested', 'recent', 'running']);
  await again.close();
});

test('inputs, root file systems, uploads and caches: old and unnamed ones, and only while no run is unfinished', async () => {
  const it = await data();
  const commit = 'c'.repeat(40);
  const image = 'd'.repeat(64);
  // Seen 40 days later, it ended a day before.
  const uid = await run(it, 'recent', -39);
  await build(it, uid, -39, 'Complete', {
    inputs: [{ kind: 'source', digest: { gitCommit: commit } }],
    stepImages: [{ digest: `sha256:${image}` }],
  });
  const directories = [
    join(it.directory.inputs, 'git', commit),
    join(it.directory.inputs, 'git', 'e'.repeat(40)),
    join(it.directory.runner, 'rootfs', image),
    join(it.directory.runner, 'rootfs', 'f'.repeat(64)),
  ];
  for (const path of directories) await mkdir(path, { recursive: true });
  const upload = join(it.directory.root, 'uploads', 'u');
  const cached = join(it.directory.root, 'cache', 'layers', 'x');
  for (const path of [upload, cached]) {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, 'x');
    await utimes(path, old, old);
  }
  await it.close();
  const later = Date.now() + 40 * day;
  const options = { data: it.directory.root, keepDays: 45, dryRun: false, now: later };
  // Not old enough: made just now, seen 40 days later.
  expect(names(await prune(options), 'source')).toEqual([]);

  const busy = await openData(it.directory.root);
  await run(busy, 'running', undefined);
  await busy.close();
  const held = await prune({ ...options, keepDays: 39.5 });
  expect(names(held, 'root file system')).toEqual([]);
  expect(held.skipped).toContainEqual({ what: 'inputs and root file systems', why: 'runs are unfinished' });
  await expect(access(cached)).rejects.toThrow('ENOENT');
  await expect(access(upload)).rejects.toThrow('ENOENT');

  const quiet = await openData(it.directory.root);
  await quiet.objects.delete(resources.taskruns, 'default', 'running');
  await quiet.close();
  const result = await prune({ ...options, keepDays: 39.5, now: later });
  expect(names(result, 'source')).toEqual(['e'.repeat(40)]);
  expect(names(result, 'root file system')).toEqual(['f'.repeat(64)]);
  for (const path of [directories[0], directories[2]]) await access(path as string);
});

test('a name that leads out of the data directory removes nothing', async () => {
  const it = await data();
  await mkdir(join(it.directory.runs, 'keep'), { recursive: true });
  const uid = await run(it, 'old', 40);
  await it.close();
  const stored = {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name: 'x', namespace: '../..', uid: '..' },
    status: { conditions: [{ type: 'Succeeded', status: 'True' }], completionTime: time(50) },
  };
  const open = await openData(it.directory.root);
  const objects: PruneObjects = { list: async (type) => (type === resources.taskruns ? [stored] : []), delete: async () => {} };
  const result = await prune({ data: it.directory.root, keepDays: 30, dryRun: false, objects, pause: 0 });
  expect(result.serverRuns).toBe(true);
  await open.close();
  await access(join(it.directory.runs, 'keep'));
  await access(it.directory.objects);
  expect(uid).not.toBe('');
});

test('beside a server: a blob that is named while it is hidden comes back', async () => {
  const it = await data();
  await it.log.append(hashedrekord('x'));
  const named = await orphan(it, 'pushed again while prune hides it');
  const unnamed = await orphan(it, 'stray');
  let lists = 0;
  const objects: PruneObjects = {
    async list(type) {
      // Builds are asked for again after the blobs were hidden: by then another has pushed one of them.
      if (type === resources.builds && (await it.blobs.stat(unnamed)) === undefined) {
        lists += 1;
        await it.database.run('INSERT INTO blobs VALUES (?, ?, ?)', ['a/b', named, 1]);
      }
      return (await it.objects.list(type)).items;
    },
    delete: async () => {},
  };
  const result = await prune({ data: it.directory.root, keepDays: 30, dryRun: false, objects, pause: 10 });
  expect(lists).toBe(1);
  expect(names(result, 'blob')).toEqual([unnamed]);
  expect((await it.blobs.bytes(named)).toString()).toBe('pushed again while prune hides it');
  expect(await it.blobs.stat(unnamed)).toBeUndefined();
  await it.close();
});

test('a prune that was cut off gives its blobs back at the next one', async () => {
  const it = await data();
  const digest = await orphan(it, 'hidden');
  await it.registry.putBlob('a/b', Buffer.from('hidden'));
  await it.close();
  const hidden = join(it.directory.root, 'pruned', digest.replace(':', '-'));
  await mkdir(join(it.directory.root, 'pruned'));
  await rename(it.blobs.path(digest), hidden);
  const stray = await openData(it.directory.root);
  await orphan(stray, 'another');
  await stray.close();
  await prune({ data: it.directory.root, keepDays: 30, dryRun: false });
  expect((await it.blobs.bytes(digest)).toString()).toBe('hidden');
});

test('while the log’s index is behind its tree no blob goes', async () => {
  const it = await data();
  await it.log.append(hashedrekord('x'));
  const stray = await orphan(it, 'stray');
  await it.close();
  const database = new DatabaseSync(join(it.directory.log, 'log.sqlite'));
  database.exec('DELETE FROM log_entries');
  database.close();
  const result = await prune({ data: it.directory.root, keepDays: 30, dryRun: false });
  expect(result.skipped).toContainEqual({ what: 'blobs', why: expect.stringContaining('index') });
  expect(await it.blobs.stat(stray)).toBeDefined();
});

test('a running server’s objects are not written behind its back', async () => {
  const it = await data();
  await expect(prune({ data: it.directory.root, keepDays: 30, dryRun: false })).rejects.toMatchObject({ code: 'SERVER_DATA_LOCKED' });
  await it.close();
  await expect(prune({ data: join(it.directory.root, 'none'), keepDays: 1, dryRun: true })).rejects.toMatchObject({
    code: 'SERVER_DATA_MISSING',
  });
});
