import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { maps, openStore } from '../support/objects.ts';

const object = (data: unknown, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', ...metadata },
  ...(data === undefined ? {} : { data }),
});
const apply = (store: ObjectStore, manager: string, data: unknown, more: { force?: boolean; metadata?: object } = {}) =>
  store.patch(maps, 'default', 'one', object(data, more.metadata), 'apply', { fieldManager: manager, force: more.force ?? false });
const owners = ({ metadata }: KubeObject) =>
  Object.fromEntries(
    (metadata.managedFields as { manager: string; fieldsV1: object }[]).map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
  );

describe('server-side apply', () => {
  it('makes, then changes nothing when nothing changed', async () => {
    const store = await openStore();
    const made = await apply(store, 'a', { x: '1' });
    expect(made.metadata).toMatchObject({ name: 'one', namespace: 'default', generation: 1 });
    expect(made.metadata.managedFields).toEqual([
      {
        manager: 'a',
        operation: 'Apply',
        apiVersion: 'v1',
        time: expect.stringMatching(/Z$/),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:x': {} } },
      },
    ]);
    expect(await apply(store, 'a', { x: '1' })).toBe(made);
  });

  it('removes what its manager named before and does not name now', async () => {
    const store = await openStore();
    await apply(store, 'a', { x: '1', y: '2' }, { metadata: { labels: { l: 'm' } } });
    await store.patch(maps, 'default', 'one', { data: { z: 'by a controller' } }, 'merge');
    expect(await apply(store, 'a', { y: '3' })).toMatchObject({ data: { y: '3', z: 'by a controller' } });
    const last = await apply(store, 'a', undefined);
    expect(last['data']).toEqual({ z: 'by a controller' });
    expect(last.metadata.labels).toBeUndefined();
  });

  it('shares fields of one value: each may leave, the last one removes', async () => {
    const store = await openStore();
    await apply(store, 'a', { x: '1', y: '1' });
    await apply(store, 'b', { x: '1' });
    expect((await apply(store, 'a', { y: '1' }))['data']).toEqual({ x: '1', y: '1' });
    expect((await apply(store, 'b', {}))['data']).toEqual({ y: '1' });
  });

  it('refuses what another manager set otherwise, and takes it by force', async () => {
    const store = await openStore();
    await apply(store, 'a', { x: '1', y: '1' });
    await store.patch(maps, 'default', 'one', { data: { z: '1' } }, 'merge', { fieldManager: 'editor' });
    await expect(apply(store, 'b', { x: '2' })).rejects.toMatchObject({
      code: 'STORE_CONFLICT',
      message: 'Apply failed with 1 conflict: conflict with "a" using v1: .data.x',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "a" using v1', field: '.data.x' }] },
    });
    await expect(apply(store, 'b', { x: '2', y: '2', z: '2' })).rejects.toMatchObject({
      message:
        'Apply failed with 3 conflicts: conflicts with "a" using v1:\n- .data.x\n- .data.y\nconflicts with "editor" using v1:\n- .data.z',
    });
    const forced = await apply(store, 'b', { x: '2', z: '2' }, { force: true });
    expect(forced['data']).toEqual({ x: '2', y: '1', z: '2' });
    expect(owners(forced)).toEqual({ a: { 'f:data': { 'f:y': {} } }, b: { 'f:data': { 'f:x': {}, 'f:z': {} } } });
  });

  it('gives a field to whoever changed it last by an ordinary write', async () => {
    const store = await openStore();
    await apply(store, 'a', { x: '1', y: '1' });
    const edited = await store.patch(maps, 'default', 'one', { data: { x: '2', y: null } }, 'merge', { fieldManager: 'editor' });
    expect(owners(edited)).toEqual({ editor: { 'f:data': { 'f:x': {} } } });
    await expect(apply(store, 'a', { x: '1' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
  });

  it('lets kubectl take over what it set itself by client-side apply, and nothing that was changed since', async () => {
    const store = await openStore();
    const recorded = JSON.stringify(object({ x: '1', y: '1' }));
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': recorded };
    await store.create(maps, object({ x: '1', y: '1' }, { namespace: 'default', annotations }), {
      fieldManager: 'kubectl-client-side-apply',
    });
    await expect(apply(store, 'other', { x: '2' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
    expect((await apply(store, 'kubectl', { x: '2' }))['data']).toEqual({ x: '2', y: '1' });
    await store.patch(maps, 'default', 'one', { data: { y: 'edited' } }, 'merge', { fieldManager: 'editor' });
    await expect(apply(store, 'kubectl', { x: '2', y: '2' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
  });

  it('treats lists as one value', async () => {
    const store = await openStore();
    await apply(store, 'a', { list: [1, 2] });
    await expect(apply(store, 'b', { list: [1, 3] })).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
    expect((await apply(store, 'a', { list: [3] }))['data']).toEqual({ list: [3] });
  });

  it('asks for a manager and an object', async () => {
    const store = await openStore();
    await expect(store.patch(maps, 'default', 'one', object({}), 'apply')).rejects.toMatchObject({ code: 'STORE_INVALID' });
    for (const patch of [null, [], 'x', {}, { metadata: [] }])
      await expect(store.patch(maps, 'default', 'one', patch, 'apply', { fieldManager: 'a' })).rejects.toMatchObject({
        code: 'STORE_INVALID',
      });
    const polluting: unknown = JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"__proto__":{"x":1}}}');
    await expect(store.patch(maps, 'default', 'one', polluting, 'apply', { fieldManager: 'a' })).rejects.toMatchObject({
      code: 'STORE_INVALID',
    });
    await expect(
      store.patch(maps, 'default', 'one', object({}), 'apply', { fieldManager: 'a', subresource: 'status' }),
    ).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  });
});
