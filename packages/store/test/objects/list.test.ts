import { describe, expect, it } from 'vitest';
import type { ListResult } from '@colophon/store';
import { openStore, run, runs } from '../support/objects.ts';

const names = ({ items }: ListResult) => items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

describe('list', () => {
  it('is ordered by namespace and name, within one or over all', async () => {
    const store = await openStore();
    for (const [namespace, name] of [
      ['b', 'x'],
      ['a', 'z'],
      ['a', 'c'],
      ['b', 'a'],
    ] as const)
      await store.create(runs, run(name, { metadata: { namespace } }));
    expect(names(await store.list(runs))).toEqual(['a/c', 'a/z', 'b/a', 'b/x']);
    expect(names(await store.list(runs, 'a'))).toEqual(['a/c', 'a/z']);
    expect(await store.list(runs, 'c')).toEqual({ items: [], resourceVersion: '4' });
    await store.delete(runs, 'a', 'c');
    expect(names(await store.list(runs))).toEqual(['a/z', 'b/a', 'b/x']);
  });

  it('comes in pages, at the version of the first', async () => {
    const store = await openStore();
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await store.create(runs, run(name, { metadata: { labels: { odd: String(name === 'b') } } }));
    const first = await store.list(runs, 'default', { limit: 2 });
    expect(first).toMatchObject({ resourceVersion: '5', remaining: 3 });
    await store.delete(runs, 'default', 'b');
    await store.create(runs, run('bb'));
    const second = await store.list(runs, 'default', { limit: 2, continue: first.continue! });
    expect(names(second)).toEqual(['default/bb', 'default/c']);
    expect(second.resourceVersion).toBe('5');
    const third = await store.list(runs, 'default', { limit: 2, continue: second.continue! });
    expect(names(third)).toEqual(['default/d', 'default/e']);
    expect(third.continue).toBeUndefined();
    const selected = await store.list(runs, 'default', { limit: 3, labelSelector: 'odd=false' });
    expect(names(selected)).toEqual(['default/a', 'default/c', 'default/d']);
    expect(selected.continue).toBeDefined();
  });

  it('refuses tokens that are too old or not its own', async () => {
    const store = await openStore();
    for (const name of ['a', 'b', 'c']) await store.create(runs, run(name));
    const { continue: token } = await store.list(runs, 'default', { limit: 1 });
    await store.create(runs, run('d'));
    await store.compact({ versions: 0 });
    await expect(store.list(runs, 'default', { limit: 1, continue: token! })).rejects.toMatchObject({ code: 'STORE_GONE' });
    for (const bad of ['x', Buffer.from('null').toString('base64url'), Buffer.from('{"version":"1","key":"a"}').toString('base64url')])
      await expect(store.list(runs, 'default', { continue: bad })).rejects.toMatchObject({ code: 'STORE_INVALID' });
  });
});
