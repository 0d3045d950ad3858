import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, maps, runs, taskRun } from './support/client.ts';
import { startTestServer, types, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe('create', () => {
  it('answers 201 with the defaulted object, without the status that the client claims', async () => {
    const { code, body } = await ask(server, runs, { body: { ...taskRun('one'), status: { forged: true } } });
    expect(code).toBe(201);
    expect(body).toMatchObject({
      metadata: { name: 'one', namespace: 'default' },
      spec: { serviceAccountName: 'default', timeout: '1h0m0s' },
    });
    expect(body.status).toBeUndefined();
    expect(body.metadata.managedFields[0]).toMatchObject({ manager: 'node', operation: 'Update' });
  });

  it('reads YAML', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata: {a: "1"}\n';
    expect(await ask(server, maps, { body: yaml, type: 'application/yaml' })).toMatchObject({ code: 201, body: { data: { a: '1' } } });
  });

  it('generates names', async () => {
    const { body } = await ask(server, runs, { body: taskRun(undefined as never, { generateName: 'made-' }) });
    expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
  });

  it('says no as Kubernetes does', async () => {
    expect((await ask(server, runs, { body: taskRun('one') })).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'taskruns.tekton.dev "one" already exists',
      reason: 'AlreadyExists',
      details: { group: 'tekton.dev', kind: 'taskruns' },
      code: 409,
    });
    expect((await ask(server, `${runs}/nobody`)).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'taskruns.tekton.dev "nobody" not found',
      reason: 'NotFound',
      details: { name: 'nobody', group: 'tekton.dev', kind: 'taskruns' },
      code: 404,
    });
    const denied = await ask(server, runs, { body: { ...taskRun('bad'), spec: {} } });
    expect(denied).toMatchObject({ code: 400, body: { reason: 'BadRequest', message: expect.stringContaining('validation failed') } });
    const name = await ask(server, maps, { body: { metadata: { name: 'Not_A_Name' } } });
    expect(name).toMatchObject({
      code: 422,
      body: { reason: 'Invalid', message: expect.stringContaining('ConfigMap "Not_A_Name" is invalid: metadata.name') },
    });
  });

  it.each([
    ['no JSON', '{', 400],
    ['no object', '[]', 400],
    ['no body', '', 400],
    ['null', 'null', 400],
    ['metadata that is none', { metadata: 'x' }, 400],
    ['a name that is none', { metadata: { name: {} } }, 400],
    ['another kind', { kind: 'Secret', metadata: { name: 'x' } }, 400],
    ['another version', { apiVersion: 'v2', metadata: { name: 'x' } }, 400],
    ['another namespace', { metadata: { name: 'x', namespace: 'other' } }, 400],
    ['the prototype', '{"metadata":{"name":"x"},"data":{"__proto__":{"a":"b"}}}', 400],
    ['labels that are none', { metadata: { name: 'x', labels: { a: {} } } }, 422],
    ['deep nesting', `{"metadata":{"name":"x"},"data":${'['.repeat(5000)}${']'.repeat(5000)}}`, 400],
    ['no name', { metadata: {} }, 422],
    ['an object that is too large', { metadata: { name: 'x' }, data: { a: 'x'.repeat(2 << 20) } }, 413],
    ['a body that is too large', 'x'.repeat(4 << 20), 413],
  ])('refuses %s', async (_what, body, code) => {
    const reply = await ask(server, maps, { method: 'POST', body });
    expect(reply).toMatchObject({ code, body: { kind: 'Status', code } });
  });

  it('refuses media types that it does not read', async () => {
    expect((await ask(server, maps, { body: 'a=b', type: 'application/x-www-form-urlencoded' })).code).toBe(415);
    expect((await ask(server, maps, { body: 'a: &a [*a]', type: 'application/yaml' })).code).toBe(400);
  });

  it('dry run and field managers', async () => {
    expect((await ask(server, `${maps}?dryRun=All`, { body: { metadata: { name: 'dry' } } })).code).toBe(201);
    expect((await ask(server, `${maps}/dry`)).code).toBe(404);
    expect((await ask(server, `${maps}?fieldManager=${'x'.repeat(200)}`, { body: { metadata: { name: 'dry' } } })).code).toBe(422);
  });

  it('keeps secrets with data and a type', async () => {
    const path = maps.replace('configmaps', 'secrets');
    const { body } = await ask(server, path, { body: { metadata: { name: 's' }, stringData: { a: 'ü' }, data: { b: 'eA==' } } });
    expect(body).toMatchObject({ type: 'Opaque', data: { a: 'w7w=', b: 'eA==' } });
    expect(body.stringData).toBeUndefined();
  });
});

describe('update, patch, delete', () => {
  it('PUT needs the version, the right name, and respects the subresource', async () => {
    const { body } = await ask(server, runs, { body: taskRun('put') });
    const put = (object: object, suffix = '') => ask(server, `${runs}/put${suffix}`, { method: 'PUT', body: object });
    expect(await put({ ...body, metadata: { ...body.metadata, resourceVersion: undefined } })).toMatchObject({ code: 422 });
    expect(await put({ ...body, metadata: { ...body.metadata, name: 'other' } })).toMatchObject({ code: 400 });
    const status = await put({ ...body, spec: null, status: { podName: 'x' } }, '/status');
    expect(status.body).toMatchObject({ spec: body.spec, status: { podName: 'x' } });
    expect(await put(body)).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    const labelled = await put({ ...status.body, metadata: { ...status.body.metadata, labels: { a: 'b' } }, status: null });
    expect(labelled).toMatchObject({ code: 200, body: { metadata: { labels: { a: 'b' } }, status: { podName: 'x' } } });
    expect((await ask(server, `${maps}/from-yaml/status`)).code).toBe(404);
  });

  it('PATCH by media type', async () => {
    await ask(server, maps, { body: { metadata: { name: 'p' }, data: { a: '1' } } });
    const patch = (body: unknown, type: string, path = `${maps}/p`) => ask(server, path, { method: 'PATCH', body, type });
    expect((await patch({ data: { b: '2' } }, 'application/merge-patch+json')).body.data).toEqual({ a: '1', b: '2' });
    expect((await patch([{ op: 'remove', path: '/data/a' }], 'application/json-patch+json')).body.data).toEqual({ b: '2' });
    const strategic = { $setElementOrder: 1, '$setElementOrder/x': [], data: { b: null, c: '3', $retainKeys: ['c'] } };
    expect((await patch({ '$setElementOrder/x': [], data: strategic.data }, 'application/strategic-merge-patch+json')).body.data).toEqual({
      c: '3',
    });
    expect((await patch({ data: { $patch: 'replace' } }, 'application/strategic-merge-patch+json')).code).toBe(415);
    expect((await patch({}, 'application/strategic-merge-patch+json', `${runs}/one`)).code).toBe(415);
    expect((await patch({}, 'application/json')).code).toBe(415);
    expect((await patch([{ op: 'test', path: '/data/c', value: 'x' }], 'application/json-patch+json')).code).toBe(400);
    const applied = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fresh}\ndata: {a: "1"}\n';
    const fresh = `${maps}/fresh?fieldManager=me`;
    expect((await patch(applied, 'application/apply-patch+yaml', fresh)).code).toBe(201);
    expect((await patch(applied, 'application/apply-patch+yaml', fresh)).code).toBe(200);
    const conflict = await patch(applied.replace('"1"', '"2"'), 'application/apply-patch+yaml', `${maps}/fresh?fieldManager=you`);
    expect(conflict.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }] },
    });
    expect((await patch('[', 'application/apply-patch+yaml', fresh)).code).toBe(400);
  });

  it('admission judges what a patch makes', async () => {
    const patch = (spec: object) => ask(server, `${runs}/one`, { method: 'PATCH', body: { spec }, type: 'application/merge-patch+json' });
    expect(await patch({ timeout: 'soon' })).toMatchObject({ code: 400, body: { reason: 'BadRequest' } });
    expect((await ask(server, `${runs}/one`)).body.spec.timeout).toBe('1h0m0s');
  });

  it('DELETE: one, with preconditions, and many', async () => {
    const { body } = await ask(server, maps, { body: { metadata: { name: 'd', labels: { kill: 'yes' } } } });
    const remove = (options: object) => ask(server, `${maps}/d`, { method: 'DELETE', body: options });
    expect(await remove({ preconditions: { uid: 'other' } })).toMatchObject({ code: 409 });
    expect((await remove({ propagationPolicy: 'Background', preconditions: { uid: body.metadata.uid } })).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'd', kind: 'configmaps', uid: body.metadata.uid },
    });
    for (const name of ['x', 'y']) await ask(server, maps, { body: { metadata: { name, labels: { kill: 'yes' } } } });
    const gone = await ask(server, `${maps}?labelSelector=kill%3Dyes`, { method: 'DELETE' });
    expect(gone.body.items.map(({ metadata }: any) => metadata.name)).toEqual(['x', 'y']);
    expect((await ask(server, `${maps}?labelSelector=kill`)).body.items).toEqual([]);
    await ask(server, maps, { body: { metadata: { name: 'held', finalizers: ['a/b'] } } });
    const held = await ask(server, `${maps}/held`, { method: 'DELETE' });
    expect(held.body).toMatchObject({ kind: 'ConfigMap', metadata: { deletionTimestamp: expect.any(String) as string } });
  });
});

describe('paths', () => {
  it.each([
    ['/apis/tekton.dev/v1/namespaces/default/nothing', 404],
    ['/apis/tekton.dev/v2/namespaces/default/taskruns', 404],
    ['/apis/tekton.dev/v1/taskruns/one', 404],
    ['/api/v1/namespaces/default/taskruns', 404],
    ['/apis/tekton.dev/v1/namespaces/default/taskruns/one/log', 404],
    ['/apis/tekton.dev/v1/namespaces/default/taskruns/one/status/more', 404],
    ['/api/v1/namespaces/default/configmaps/%2e%2e%2f%2e%2e%2fetc', 404],
    ['/api/v1/namespaces/default/configmaps/%ff', 404],
    ['/api/v1/namespaces/__proto__/configmaps/__proto__', 404],
    ['/api/v1/namespaces/Not_A_Name', 404],
    ['/nonsense', 404],
    ['/apis/tekton.dev/v1/namespaces/default/taskruns?limit=x', 400],
    ['/apis/tekton.dev/v1/namespaces/default/taskruns?continue=x', 400],
    ['/apis/tekton.dev/v1/namespaces/default/taskruns?labelSelector=%28', 400],
    ['/apis/tekton.dev/v1/namespaces/default/taskruns?fieldSelector=spec.a%3Db', 400],
  ])('%s: %i', async (path, code) => {
    expect(await ask(server, path)).toMatchObject({ code, body: { kind: 'Status', code } });
  });

  it('methods that do not fit', async () => {
    expect((await ask(server, `${runs}/one`, { method: 'POST', body: taskRun('one') })).code).toBe(405);
    expect((await ask(server, runs, { method: 'PUT', body: taskRun('one') })).code).toBe(405);
    expect((await ask(server, '/api/v1/namespaces/default/pods', { method: 'POST', body: {} })).code).toBe(405);
    expect((await ask(server, '/api/v1/configmaps', { method: 'POST', body: { metadata: { name: 'x' } } })).code).toBe(405);
    expect((await ask(server, '/api/v1/namespaces/default', { method: 'DELETE' })).code).toBe(405);
  });

  it('any namespace exists; those in use are listed', async () => {
    await server.store.create(types.configmaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'team-a' } });
    const { body } = await ask(server, '/api/v1/namespaces');
    expect(body.items.map(({ metadata }: any) => metadata.name)).toEqual(['default', 'team-a']);
    expect((await ask(server, '/api/v1/namespaces/anything')).body.status).toEqual({ phase: 'Active' });
    expect((await ask(server, '/api/v1/configmaps')).body.items.length).toBeGreaterThan(1);
  });
});

describe('access', () => {
  it('is asked for each request, with verb and namespace', async () => {
    expect(await ask(server, runs, { token: '' })).toMatchObject({ code: 401, body: { reason: 'Unauthorized' } });
    expect((await ask(server, runs, { token: 'reader' })).code).toBe(200);
    expect((await ask(server, runs.replace('default', 'other'), { token: 'reader' })).code).toBe(403);
    expect((await ask(server, '/apis/tekton.dev/v1/taskruns', { token: 'reader' })).code).toBe(403);
    expect((await ask(server, maps.replace('configmaps', 'secrets'), { token: 'reader' })).code).toBe(403);
    for (const [method, path] of [
      ['POST', runs],
      ['PUT', `${runs}/one`],
      ['PATCH', `${runs}/one`],
      ['DELETE', `${runs}/one`],
      ['DELETE', runs],
    ] as const) {
      const reply = await ask(server, path, { method, body: taskRun('one'), type: 'application/merge-patch+json', token: 'reader' });
      expect(reply, method).toMatchObject({ code: 403, body: { reason: 'Forbidden', details: { kind: 'taskruns' } } });
    }
    expect((await ask(server, '/api/v1/namespaces/default/pods/one-pod/log', { token: '' })).code).toBe(401);
  });

  it('is not told what went wrong inside', async () => {
    const broken = await startTestServer({
      admit: () => {
        throw new TypeError('the password is hunter2');
      },
    });
    const { code, body } = await ask(broken, maps, { body: { metadata: { name: 'x' } } });
    expect(code).toBe(500);
    expect(JSON.stringify(body)).not.toContain('hunter2');
    await broken.close();
  });
});
