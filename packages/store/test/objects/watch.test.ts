import { describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { openObjectStore } from '@colophon/store';
import { follow, openStore, run, runs } from '../support/objects.ts';
import { collect, temporary } from '../support/temporary.ts';

describe('watch', () => {
  it('begins with what is there, or after a version', async () => {
    const store = await openStore();
    await store.create(runs, run('one'));
    const { resourceVersion } = await store.list(runs, 'default');
    await store.create(runs, run('two'));
    await store.create(runs, run('elsewhere', { metadata: { namespace: 'other' } }));
    await store.delete(runs, 'default', 'one');
    const fresh = follow(store, {});
    const later = follow(store, { resourceVersion });
    const everywhere = follow(store, { resourceVersion }, null);
    await store.updateStatus(runs, run('two', { status: { x: 1 } }));
    expect(await fresh.seen(2)).toEqual(['ADDED two', 'MODIFIED two']);
    expect(await later.seen(3)).toEqual(['ADDED two', 'DELETED one', 'MODIFIED two']);
    expect(await everywhere.seen(4)).toEqual(['ADDED two', 'ADDED elsewhere', 'DELETED one', 'MODIFIED two']);
    await Promise.all([fresh.stop(), later.stop(), everywhere.stop()]);
  });

  it('shows by selector what begins and ceases to match, live and from the past', async () => {
    const store = await openStore();
    const past = '0';
    const live = follow(store, { labelSelector: 'a=b', resourceVersion: past });
    await store.create(runs, run('one'));
    const label = (labels: object | null) => store.patch(runs, 'default', 'one', { metadata: { labels } }, 'merge');
    await label({ a: 'b' });
    await label({ other: 'x' });
    await label({ a: 'c' });
    await label({ a: 'b' });
    await store.delete(runs, 'default', 'one');
    const expected = ['ADDED one', 'MODIFIED one', 'DELETED one', 'ADDED one', 'DELETED one'];
    expect(await live.seen(5)).toEqual(expected);
    await live.stop();
    const replayed = follow(store, { labelSelector: 'a=b', resourceVersion: '1' });
    expect(await replayed.seen(5)).toEqual(expected);
    expect(replayed.events).toEqual(live.events);
    await replayed.stop();
  });

  it('gives bookmarks at the version that it has seen', async () => {
    const store = await openStore();
    await store.create(runs, run('one'));
    const watch = follow(store, { bookmarks: true });
    expect(await watch.seen(2)).toEqual(['ADDED one', 'BOOKMARK']);
    expect(watch.events[1]?.object).toEqual({ apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { resourceVersion: '1' } });
    await watch.stop();
  });

  it('says 410 for what was compacted away and for a version of another life', async () => {
    const store = await openStore();
    for (let index = 0; index < 5; index += 1) await store.create(runs, run(`run-${index}`));
    await store.compact({ versions: 2 });
    const from = (resourceVersion: string) => collect(store.watch(runs, 'default', { resourceVersion }));
    await expect(from('2')).rejects.toMatchObject({ code: 'STORE_GONE', status: 410, message: 'too old resource version: 2 (3)' });
    await expect(from('6')).rejects.toMatchObject({ code: 'STORE_GONE' });
    await expect(from('x')).rejects.toMatchObject({ code: 'STORE_INVALID' });
    const kept = follow(store, { resourceVersion: '3' });
    expect(await kept.seen(2)).toEqual(['ADDED run-3', 'ADDED run-4']);
    await kept.stop();
  });

  it('remembers compaction and changes over a restart', async () => {
    const path = join(temporary(), 'objects.sqlite');
    const first = await openObjectStore(path);
    for (let index = 0; index < 5; index += 1) await first.create(runs, run(`run-${index}`));
    await first.compact({ versions: 2 });
    await first.close();
    const store = await openStore(path);
    await expect(collect(store.watch(runs, 'default', { resourceVersion: '2' }))).rejects.toMatchObject({ code: 'STORE_GONE' });
    const kept = follow(store, { resourceVersion: '3' });
    expect(await kept.seen(2)).toEqual(['ADDED run-3', 'ADDED run-4']);
    await kept.stop();
  });

  it('reads from the disk what a slow reader left unread, and misses nothing', async () => {
    const store = await openStore();
    const iterator = store.watch(runs, 'default', { bookmarks: true })[Symbol.asyncIterator]();
    expect((await iterator.next()).value.type).toBe('BOOKMARK');
    const seen: string[] = [];
    const first = iterator.next();
    const total = 5000;
    await Promise.all(Array.from({ length: total }, (_, index) => store.create(runs, run(`run-${index}`))));
    seen.push((await first).value.object.metadata.resourceVersion);
    while (seen.length < total) seen.push((await iterator.next()).value.object.metadata.resourceVersion);
    expect(seen).toEqual(Array.from({ length: total }, (_, index) => String(index + 1)));
    await iterator.return?.();
  });

  it('tells a reader that compaction has overtaken', async () => {
    const store = await openStore();
    const iterator = store.watch(runs, 'default', { bookmarks: true })[Symbol.asyncIterator]();
    await iterator.next();
    const first = iterator.next();
    await Promise.all(Array.from({ length: 4500 }, (_, index) => store.create(runs, run(`run-${index}`))));
    await first;
    await store.compact({ versions: 0 });
    const drain = async () => {
      for (let at = 0; at < 4500; at += 1) await iterator.next();
    };
    await expect(drain()).rejects.toMatchObject({ code: 'STORE_GONE' });
  });

  it('ends when it is aborted, before, during and after', async () => {
    const store = await openStore();
    const aborted = AbortSignal.abort();
    expect(await collect(store.watch(runs, 'default', { signal: aborted }))).toEqual([]);
    const watch = follow(store, {});
    await watch.stop();
    await store.create(runs, run('one'));
    expect(watch.events).toEqual([]);
  });
});
