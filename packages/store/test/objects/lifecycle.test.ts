import { describe, expect, it } from 'vitest';
import { maps, openStore, run, runs } from '../support/objects.ts';
import { join } from 'node:path';
import { temporary } from '../support/temporary.ts';
import { openObjectStore } from '@colophon/store';

describe('create', () => {
  it('gives identity, and keeps what the writer says of it out', async () => {
    const store = await openStore();
    const made = await store.create(
      runs,
      run('one', { metadata: { uid: 'mine', resourceVersion: '77', deletionTimestamp: 'now', labels: { a: 'b' } } }),
    );
    expect(made.metadata).toEqual({
      name: 'one',
      namespace: 'default',
      labels: { a: 'b' },
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      generation: 1,
      resourceVersion: '1',
    });
    expect(await store.get(runs, 'default', 'one')).toBe(made);
    expect(await store.get(runs, 'other', 'one')).toBeUndefined();
    expect(await store.get(maps, 'default', 'one')).toBeUndefined();
  });

  it('refuses a name that is taken, also of many at once', async () => {
    const store = await openStore();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => store.create(runs, run('one'))));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(store.create(runs, run('one'))).rejects.toMatchObject({
      code: 'STORE_ALREADY_EXISTS',
      status: 409,
      message: 'taskruns.tekton.dev "one" already exists',
    });
  });

  it('makes names', async () => {
    const store = await openStore();
    const { name: _name, ...metadata } = run('x').metadata;
    const made = await store.create(runs, { ...run('x'), metadata: { ...metadata, generateName: 'build-' } });
    expect(made.metadata.name).toMatch(/^build-[a-z0-9]{5}$/);
    const long = await store.create(runs, { ...run('x'), metadata: { ...metadata, generateName: 'y'.repeat(90) } });
    expect(long.metadata.name).toHaveLength(63);
  });

  it.each(['', 'Upper', 'a/b', '..', '.', 'a..b', '-a', 'a-', 'a'.repeat(254), 'ü', 'a\nb', '__proto__'])(
    'refuses the name %j',
    async (name) => {
      const store = await openStore();
      await expect(store.create(runs, run(name))).rejects.toMatchObject({ code: 'STORE_INVALID', status: 422 });
    },
  );

  it.each([
    { labels: { a: 1 } },
    { labels: ['a'] },
    { annotations: 'x' },
    { finalizers: 'x' },
    { finalizers: [1] },
    { ownerReferences: [{ name: 'x' }] },
    { managedFields: [null] },
    { namespace: 'Not.A.Label' },
    { namespace: '' },
  ])('refuses the metadata %j', async (metadata) => {
    const store = await openStore();
    await expect(store.create(runs, run('one', { metadata: metadata as never }))).rejects.toMatchObject({
      code: 'STORE_INVALID',
      status: 422,
    });
  });

  it('refuses what is too large', async () => {
    const store = await openStore();
    const spec = { text: 'x'.repeat(1_600_000) };
    await expect(store.create(runs, run('one', { spec }))).rejects.toMatchObject({ code: 'STORE_INVALID', status: 413 });
    expect((await store.create(runs, run('two'))).metadata.resourceVersion).toBe('1');
  });
});

describe('objects that come out', () => {
  it('are frozen all the way down, and no part of what came in', async () => {
    const store = await openStore();
    const spec = { list: [{ a: 1 }] };
    const made = await store.create(runs, run('one', { spec }));
    expect(() => (made.spec.list[0].a = 2)).toThrow(TypeError);
    expect(() => ((made.metadata.labels ??= {})['x'] = 'y')).toThrow(TypeError);
    spec.list[0] = { a: 3 };
    expect((await store.get(runs, 'default', 'one'))?.spec).toEqual({ list: [{ a: 1 }] });
  });
});

describe('update', () => {
  it('leaves identity and status alone, and counts generations', async () => {
    const store = await openStore();
    const made = await store.create(runs, run('one', { spec: { a: 1 } }));
    const withStatus = await store.updateStatus(runs, { ...made, spec: { a: 'ignored' }, status: { phase: 'x' } });
    expect(withStatus).toMatchObject({ spec: { a: 1 }, status: { phase: 'x' }, metadata: { generation: 1, resourceVersion: '2' } });
    const updated = await store.update(runs, {
      ...run('one', { spec: { a: 2 }, status: { phase: 'ignored' } }),
      metadata: { name: 'one', namespace: 'default', creationTimestamp: '2000-01-01T00:00:00Z' },
    });
    expect(updated).toMatchObject({ spec: { a: 2 }, status: { phase: 'x' } });
    expect(updated.metadata).toMatchObject({ uid: made.metadata.uid, creationTimestamp: made.metadata.creationTimestamp, generation: 2 });
    const labelled = await store.update(runs, { ...updated, metadata: { ...updated.metadata, labels: { a: 'b' } } });
    expect(labelled.metadata.generation).toBe(2);
  });

  it('writes status where there is no subresource', async () => {
    const store = await openStore();
    const made = await store.create(maps, { ...run('one'), apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } });
    expect((await store.update(maps, { ...made, status: { x: 1 } })).status).toEqual({ x: 1 });
  });

  it('fails on another version or uid, and not without', async () => {
    const store = await openStore();
    const made = await store.create(runs, run('one'));
    await store.update(runs, run('one', { spec: { a: 1 } }));
    await expect(store.update(runs, made)).rejects.toMatchObject({
      code: 'STORE_CONFLICT',
      message:
        'Operation cannot be fulfilled on taskruns.tekton.dev "one": the object has been modified; please apply your changes to the latest version and try again',
    });
    await expect(store.updateStatus(runs, made)).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
    await expect(store.update(runs, run('one', { metadata: { uid: 'other' } }))).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
    await expect(store.update(runs, run('two'))).rejects.toMatchObject({
      code: 'STORE_NOT_FOUND',
      message: 'taskruns.tekton.dev "two" not found',
    });
  });

  it('that changes nothing writes nothing', async () => {
    const store = await openStore();
    const made = await store.create(runs, run('one', { spec: { a: undefined, b: [1, { c: 2 }] } }));
    expect(await store.update(runs, made)).toBe(made);
    expect(await store.patch(runs, 'default', 'one', { spec: { b: [1, { c: 2 }] } }, 'merge')).toBe(made);
  });

  it('loses no increment of many at once', async () => {
    const store = await openStore();
    await store.create(runs, run('one', { spec: { n: 0 } }));
    const increment = async (): Promise<void> => {
      const current = await store.get(runs, 'default', 'one');
      try {
        await store.update(runs, { ...current!, spec: { n: current!.spec.n + 1 } });
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORE_CONFLICT' });
        await increment();
      }
    };
    await Promise.all(Array.from({ length: 20 }, increment));
    expect((await store.get(runs, 'default', 'one'))?.spec).toEqual({ n: 20 });
  });
});

describe('admission and dry run', () => {
  it('have the last word on content, and none on identity and status', async () => {
    const store = await openStore();
    const seen: unknown[] = [];
    const admit = (next: ReturnType<typeof run>, current?: ReturnType<typeof run>) => {
      seen.push([next.spec, current?.spec]);
      return { ...next, spec: { ...next.spec, defaulted: true }, status: { forged: true }, metadata: { ...next.metadata, uid: 'forged' } };
    };
    const made = await store.create(runs, run('one', { spec: { a: 1 } }), { admit });
    expect(made).toMatchObject({ spec: { a: 1, defaulted: true } });
    expect(made.status).toBeUndefined();
    expect(made.metadata.uid).not.toBe('forged');
    const patched = await store.patch(runs, 'default', 'one', { spec: { a: 2 } }, 'merge', { admit });
    expect(patched.metadata.uid).toBe(made.metadata.uid);
    expect(seen).toEqual([
      [{ a: 1 }, undefined],
      [
        { a: 2, defaulted: true },
        { a: 1, defaulted: true },
      ],
    ]);
    const refuse = () => {
      throw new Error('no');
    };
    await expect(store.update(runs, run('one'), { admit: refuse })).rejects.toThrow('no');
    expect(await store.get(runs, 'default', 'one')).toBe(patched);
  });

  it('dry run shows and does not write', async () => {
    const store = await openStore();
    expect(await store.create(runs, run('one'), { dryRun: true })).toMatchObject({ metadata: { name: 'one', generation: 1 } });
    expect(await store.get(runs, 'default', 'one')).toBeUndefined();
    const made = await store.create(runs, run('one'));
    await store.delete(runs, 'default', 'one', { dryRun: true });
    await store.patch(runs, 'default', 'one', { spec: { a: 1 } }, 'merge', { dryRun: true });
    expect(await store.get(runs, 'default', 'one')).toBe(made);
  });
});

describe('reopening', () => {
  it('finds everything, and goes on with the versions', async () => {
    const path = join(temporary(), 'objects.sqlite');
    const first = await openObjectStore(path);
    for (let index = 0; index < 1200; index += 100)
      await Promise.all(Array.from({ length: 100 }, (_, at) => first.create(runs, run(`run-${index + at}`, { spec: { index } }))));
    await first.delete(runs, 'default', 'run-7');
    const before = await first.list(runs);
    await first.close();
    const second = await openStore(path);
    expect(await second.list(runs)).toEqual(before);
    expect(before.items).toHaveLength(1199);
    expect((await second.create(runs, run('next'))).metadata.resourceVersion).toBe('1202');
  });

  it('never gives a version twice, also when only deletions and compaction came last', async () => {
    const path = join(temporary(), 'objects.sqlite');
    const first = await openObjectStore(path);
    await first.create(runs, run('one'));
    await first.delete(runs, 'default', 'one');
    await first.compact({ versions: 0 });
    await first.close();
    const second = await openStore(path);
    expect((await second.create(runs, run('two'))).metadata.resourceVersion).toBe('3');
  });
});
