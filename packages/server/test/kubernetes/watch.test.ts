import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '@colophon/store';
import { ask, maps, runs, taskRun, watch } from './support/client.ts';
import { startTestServer, types, type TestServer } from './support/server.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const label = (name: string, value: string) =>
  ask(server, `${maps}/${name}`, { method: 'PATCH', body: { metadata: { labels: { v: value } } }, type: 'application/merge-patch+json' });

describe('watch', () => {
  it('goes on from a list', async () => {
    await ask(server, maps, { body: { metadata: { name: 'one' } } });
    const { body } = await ask(server, maps);
    const events = await watch(server, `${maps}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
    expect(events.response.headers.get('content-type')).toBe('application/json');
    await label('one', '1');
    await ask(server, `${maps}/one`, { method: 'DELETE' });
    expect(await events.next()).toMatchObject({
      type: 'MODIFIED',
      object: { kind: 'ConfigMap', metadata: { name: 'one', labels: { v: '1' } } },
    });
    expect(await events.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'one' } } });
    events.close();
  });

  it('answers before anything happens, and ends when its time is over', async () => {
    const events = await watch(server, `${maps}?watch=1&timeoutSeconds=1&labelSelector=never`);
    expect(events.response.status).toBe(200);
    expect(await events.next()).toBeUndefined();
  });

  it('streams the list first when asked, with a mark at its end', async () => {
    await ask(server, maps, { body: { metadata: { name: 'first' } } });
    const query =
      'watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dfirst';
    const events = await watch(server, `${maps}?${query}`);
    expect(await events.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'first' } } });
    expect(await events.next()).toMatchObject({
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        metadata: { annotations: { 'k8s.io/initial-events-end': 'true' }, resourceVersion: expect.stringMatching(/^\d+$/) },
      },
    });
    expect((await events.next())?.type).toBe('BOOKMARK');
    await label('first', '2');
    expect(await events.next()).toMatchObject({ type: 'MODIFIED' });
    events.close();
  });

  it('says 410 in the stream when the version is too old', async () => {
    await label('first', '3');
    await server.store.compact({ versions: 0 });
    const events = await watch(server, `${maps}?watch=true&resourceVersion=1`);
    expect(await events.next()).toMatchObject({ type: 'ERROR', object: { kind: 'Status', reason: 'Expired', code: 410 } });
    expect(await events.next()).toBeUndefined();
  });

  it('comes in tables, with headings once', async () => {
    const events = await watch(server, `${maps}?watch=true`, table);
    const first = await events.next();
    expect(first?.object).toMatchObject({ kind: 'Table', rows: [{ cells: ['first', 0, expect.any(String)] }] });
    expect(first?.object.columnDefinitions.map(({ name }: any) => name)).toEqual(['Name', 'Data', 'Age']);
    await label('first', '4');
    expect((await events.next())?.object).toMatchObject({ columnDefinitions: [], rows: [{}] });
    events.close();
  });

  it('lets go of the store when the client goes', async () => {
    const ended: boolean[] = [];
    const spied = await startTestServer({
      podLogs: (_taskRun, _step, { signal }) =>
        (async function* () {
          yield Buffer.from('begun\n');
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
          ended.push(true);
        })(),
    });
    const { body } = await ask(spied, runs, { body: taskRun('long') });
    await spied.store.updateStatus(types.taskruns, { ...body, status: { startTime: '2026-01-01T00:00:00Z' } });
    const controller = new AbortController();
    const response = await fetch(`${spied.url}/api/v1/namespaces/default/pods/long-pod/log?follow=true`, {
      headers: { authorization: 'Bearer admin' },
      signal: controller.signal,
    });
    const reader = response.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('begun\n');
    controller.abort();
    while (ended.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await spied.close();
  });
});

describe('pods', () => {
  const status = (object: KubeObject, more: object) =>
    server.store.updateStatus(types.taskruns, { ...object, metadata: { name: object.metadata.name!, namespace: 'default' }, status: more });
  const startTime = '2026-01-01T00:00:00Z';

  it('appear with the start of a TaskRun, change and go with it', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const { body } = await ask(server, runs, { body: taskRun('r', { labels: { app: 'x' } }) });
    expect((await ask(server, `${pods}/r-pod`)).body).toMatchObject({ code: 404, message: 'pods "r-pod" not found' });
    const events = await watch(server, `${pods}?watch=true&fieldSelector=metadata.name%3Dr-pod`);
    await status(body, { startTime });
    expect(await events.next()).toMatchObject({ type: 'ADDED', object: { kind: 'Pod', status: { phase: 'Pending' } } });
    await status(body, { startTime, steps: [{ name: 'greet', container: 'step-greet', running: { startedAt: startTime } }] });
    expect(await events.next()).toMatchObject({ type: 'MODIFIED', object: { status: { phase: 'Running' } } });
    const terminated = { exitCode: 1, reason: 'Error', startedAt: startTime, finishedAt: startTime };
    await status(body, {
      startTime,
      conditions: [{ type: 'Succeeded', status: 'False', reason: 'Failed' }],
      steps: [{ name: 'greet', container: 'step-greet', imageID: 'x@sha256:1', terminated }],
    });
    const last = await events.next();
    expect(last?.object).toMatchObject({
      metadata: {
        name: 'r-pod',
        labels: { app: 'x', 'tekton.dev/taskRun': 'r' },
        ownerReferences: [{ kind: 'TaskRun', name: 'r', uid: body.metadata.uid }],
      },
      spec: { containers: [{ name: 'step-greet', image: 'busybox' }] },
      status: { phase: 'Failed', containerStatuses: [{ name: 'step-greet', imageID: 'x@sha256:1', state: { terminated } }] },
    });
    expect(last?.object.metadata.uid).not.toBe(body.metadata.uid);
    expect((await ask(server, `${pods}?labelSelector=app%3Dx`)).body.items).toEqual([last?.object]);
    await ask(server, `${runs}/r`, { method: 'DELETE' });
    expect(await events.next()).toMatchObject({ type: 'DELETED' });
    events.close();
  });

  it('are found by the name that the run gives them', async () => {
    const { body } = await ask(server, runs, { body: taskRun('renamed') });
    await status(body, { startTime, podName: 'renamed-retry1-pod' });
    expect((await ask(server, '/api/v1/namespaces/default/pods/renamed-retry1-pod')).code).toBe(200);
    expect((await ask(server, '/api/v1/namespaces/default/pods/renamed-pod')).code).toBe(404);
    expect((await ask(server, '/api/v1/namespaces/default/pods/renamed-retry1-pod/log')).body).toBe(
      'hello from renamed greet\nsecond line\nthird line\n',
    );
  });

  it.each([
    ['tailLines=2', 'second line\nthird line\n'],
    ['tailLines=0', ''],
    ['tailLines=99', 'hello from logged greet\nsecond line\nthird line\n'],
    ['limitBytes=7', 'hello f'],
    ['follow=true&container=step-greet', 'hello from logged greet\nsecond line\nthird line\n'],
  ])('logs with %s', async (query, expected) => {
    const { code, body } = await ask(server, runs, { body: taskRun('logged') });
    if (code === 201) await status(body, { startTime });
    expect((await ask(server, `/api/v1/namespaces/default/pods/logged-pod/log?${query}`)).body).toBe(expected);
  });

  it.each(['container=step-other', 'container=..%2F..', 'previous=true', 'tailLines=x'])('refuses logs with %s', async (query) => {
    expect((await ask(server, `/api/v1/namespaces/default/pods/logged-pod/log?${query}`)).code).toBe(400);
  });
});
