import { describe, expect, it } from 'vitest';
import { openStore, run, runs } from '../support/objects.ts';

describe('patch', () => {
  it('changes content and not identity, and status only by its subresource', async () => {
    const store = await openStore();
    const made = await store.create(runs, run('one', { spec: { a: 1 }, status: { x: 1 } }));
    const forged = { name: 'two', creationTimestamp: 'x', generation: 99, deletionTimestamp: 'x', labels: { a: 'b' } };
    const merged = await store.patch(
      runs,
      'default',
      'one',
      { kind: 'Other', metadata: forged, spec: { b: 2 }, status: { x: 2 } },
      'merge',
    );
    expect(merged).toMatchObject({ kind: 'TaskRun', spec: { a: 1, b: 2 }, status: { x: 1 } });
    const { resourceVersion: _version, ...metadata } = merged.metadata;
    const { resourceVersion: _made, ...before } = made.metadata;
    expect(metadata).toEqual({ ...before, labels: { a: 'b' }, generation: 2 });
    const status = await store.patch(runs, 'default', 'one', { spec: { a: 9 }, status: { y: 3 } }, 'merge', { subresource: 'status' });
    expect(status).toMatchObject({ spec: { a: 1, b: 2 }, status: { x: 1, y: 3 } });
    await store.patch(runs, 'default', 'one', [{ op: 'replace', path: '/status', value: { z: 1 } }], 'json', { subresource: 'status' });
    expect((await store.get(runs, 'default', 'one'))?.status).toEqual({ z: 1 });
  });

  it('never conflicts with other writers, unless it names a version', async () => {
    const store = await openStore();
    const made = await store.create(runs, run('one', { spec: { list: [] } }));
    const add = (value: number) => store.patch(runs, 'default', 'one', [{ op: 'add', path: '/spec/list/-', value }], 'json');
    await Promise.all(Array.from({ length: 50 }, (_, value) => add(value)));
    const { spec } = (await store.get(runs, 'default', 'one'))!;
    expect(spec.list.toSorted((a: number, b: number) => a - b)).toEqual(Array.from({ length: 50 }, (_, value) => value));
    const old = { metadata: { resourceVersion: made.metadata.resourceVersion }, spec: null };
    await expect(store.patch(runs, 'default', 'one', old, 'merge')).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
    const other = { metadata: { uid: 'of another object' } };
    await expect(store.patch(runs, 'default', 'one', other, 'merge')).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
  });

  it('that fails changes nothing', async () => {
    const store = await openStore();
    const made = await store.create(runs, run('one', { spec: { a: 1 } }));
    const half = [
      { op: 'replace', path: '/spec/a', value: 2 },
      { op: 'test', path: '/spec/a', value: 3 },
    ];
    await expect(store.patch(runs, 'default', 'one', half, 'json')).rejects.toMatchObject({ code: 'STORE_INVALID' });
    for (const patch of [null, 'x', [], { metadata: null }, { metadata: 'x' }])
      await expect(store.patch(runs, 'default', 'one', patch, 'merge')).rejects.toMatchObject({ code: 'STORE_INVALID' });
    await expect(store.patch(runs, 'default', 'two', {}, 'merge')).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
    expect(await store.get(runs, 'default', 'one')).toBe(made);
  });
});
