import Database from 'node:sqlite';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openObjectStore, type ObjectStore } from '@colophon/store';
import { follow, maps, openStore, run, runs } from '../support/objects.ts';
import { temporary } from '../support/temporary.ts';

const names = async (store: ObjectStore) => (await store.list(runs)).items.map(({ metadata }) => metadata.name);
const ownedBy = (...owners: { metadata: { name?: string; uid?: string } }[]) => ({
  ownerReferences: owners.map(({ metadata }) => ({
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    name: metadata.name!,
    uid: metadata.uid!,
  })),
});

describe('delete', () => {
  it('gives the last state, with the version of the deletion', async () => {
    const store = await openStore();
    const made = await store.create(runs, run('one', { spec: { a: 1 } }));
    expect(await store.delete(runs, 'default', 'one')).toEqual({ ...made, metadata: { ...made.metadata, resourceVersion: '2' } });
    await expect(store.delete(runs, 'default', 'one')).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  });

  it('heeds preconditions', async () => {
    const store = await openStore();
    const { metadata } = await store.create(runs, run('one'));
    for (const preconditions of [{ uid: 'other' }, { resourceVersion: '9' }])
      await expect(store.delete(runs, 'default', 'one', { preconditions })).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
    await store.delete(runs, 'default', 'one', { preconditions: { uid: metadata.uid!, resourceVersion: metadata.resourceVersion! } });
  });

  it('waits for finalizers', async () => {
    const store = await openStore();
    const watch = follow(store, {});
    await store.create(runs, run('one', { metadata: { finalizers: ['a', 'b'] } }));
    const leaving = await store.delete(runs, 'default', 'one');
    expect(leaving.metadata.deletionTimestamp).toMatch(/Z$/);
    expect(await store.delete(runs, 'default', 'one')).toBe(leaving);
    await store.patch(runs, 'default', 'one', [{ op: 'remove', path: '/metadata/finalizers/0' }], 'json');
    // A writer cannot take the deletion back.
    await store.update(runs, run('one', { metadata: { finalizers: ['b'] } }));
    expect((await store.get(runs, 'default', 'one'))?.metadata.deletionTimestamp).toBe(leaving.metadata.deletionTimestamp);
    await store.patch(runs, 'default', 'one', { metadata: { finalizers: null } }, 'merge');
    expect(await store.get(runs, 'default', 'one')).toBeUndefined();
    expect(await watch.seen(4)).toEqual(['ADDED one', 'MODIFIED one', 'MODIFIED one', 'DELETED one']);
    await watch.stop();
  });
});

describe('dependents', () => {
  it('follow their last owner, down the generations', async () => {
    const store = await openStore();
    const [one, two] = [await store.create(runs, run('one')), await store.create(runs, run('two'))];
    const child = await store.create(runs, run('child', { metadata: ownedBy(one) }));
    await store.create(runs, run('grandchild', { metadata: ownedBy(child) }));
    await store.create(runs, run('shared', { metadata: ownedBy(one, two) }));
    await store.create(maps, { ...run('map', { metadata: ownedBy(one) }), apiVersion: 'v1', kind: 'ConfigMap' });
    const watch = follow(store, {});
    await store.delete(runs, 'default', 'one');
    await watch.seen(5 + 3);
    await watch.stop();
    expect(await names(store)).toEqual(['shared', 'two']);
    expect((await store.list(maps)).items).toEqual([]);
  });

  it('stay when they are to be orphaned', async () => {
    const store = await openStore();
    const one = await store.create(runs, run('one'));
    await store.create(runs, run('child', { metadata: ownedBy(one) }));
    await store.delete(runs, 'default', 'one', { dependents: 'orphan' });
    await store.create(runs, run('later'));
    expect(await names(store)).toEqual(['child', 'later']);
  });

  it('with finalizers are marked, and go when those do', async () => {
    const store = await openStore();
    const one = await store.create(runs, run('one'));
    await store.create(runs, run('child', { metadata: { ...ownedBy(one), finalizers: ['x'] } }));
    const watch = follow(store, {});
    await store.delete(runs, 'default', 'one');
    await watch.seen(4);
    await watch.stop();
    expect((await store.get(runs, 'default', 'child'))?.metadata.deletionTimestamp).toBeDefined();
    await store.patch(runs, 'default', 'child', { metadata: { finalizers: null } }, 'merge');
    expect(await names(store)).toEqual([]);
  });

  it('follow after a crash between the owner’s deletion and theirs', async () => {
    const path = join(temporary(), 'objects.sqlite');
    const first = await openObjectStore(path);
    const one = await first.create(runs, run('one'));
    await first.create(runs, run('child', { metadata: ownedBy(one) }));
    await first.close();
    // What the transaction of the owner's deletion leaves, had the process ended right after it.
    const raw = new Database.DatabaseSync(path);
    raw.exec(`DELETE FROM objects WHERE name = 'one'`);
    raw.prepare('INSERT INTO owners_gone VALUES (?)').run(one.metadata.uid!);
    raw.close();
    const second = await openStore(path);
    const watch = follow(second, { resourceVersion: '2' });
    expect(await watch.seen(1)).toEqual(['DELETED child']);
    await watch.stop();
    await second.close();
    const after = new Database.DatabaseSync(path);
    expect(after.prepare('SELECT * FROM owners_gone').all()).toEqual([]);
    after.close();
  });
});
