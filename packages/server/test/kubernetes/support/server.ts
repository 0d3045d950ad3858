import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { ColophonError } from '@colophon/core';
import { admit } from '@colophon/pipeline';
import { openObjectStore, type KubeObject, type ObjectStore, type ResourceType } from '@colophon/store';
import { createKubernetesRoutes, type AccessWish, type KubernetesOptions } from '../../../src/kubernetes/index.ts';

const tekton = (resource: string, kind: string, statusSubresource: boolean): ResourceType => ({
  group: 'tekton.dev',
  version: 'v1',
  resource,
  kind,
  namespaced: true,
  statusSubresource,
});
const core = (resource: string, kind: string): ResourceType => ({
  group: '',
  version: 'v1',
  resource,
  kind,
  namespaced: true,
  statusSubresource: false,
});

export const types = {
  tasks: tekton('tasks', 'Task', false),
  pipelines: tekton('pipelines', 'Pipeline', false),
  taskruns: tekton('taskruns', 'TaskRun', true),
  pipelineruns: tekton('pipelineruns', 'PipelineRun', true),
  configmaps: core('configmaps', 'ConfigMap'),
  secrets: core('secrets', 'Secret'),
  events: core('events', 'Event'),
} as const satisfies Record<string, ResourceType>;

export interface TestServer {
  readonly store: ObjectStore;
  /** Ends in `/kubernetes`. */
  readonly url: string;
  readonly directory: string;
  close(): Promise<void>;
}

/** `admin` may do everything; `reader` reads in `default`; anybody else nothing. */
function authorize(headers: Headers, wish: AccessWish): { name: string } {
  const token = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1];
  if (token === 'admin') return { name: 'admin' };
  if (token !== 'reader') throw new ColophonError('TEST_UNAUTHORIZED', 'a token is needed', { status: 401 });
  if (wish.verb === 'read' && wish.namespace === 'default') return { name: 'reader' };
  throw new ColophonError('TEST_FORBIDDEN', `the token reader does not allow ${wish.verb}`, { status: 403 });
}

export async function* stepLog(taskRun: KubeObject, step: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`hello from ${taskRun.metadata.name} ${step}\n`);
  yield Buffer.from('second line\nthird');
  yield Buffer.from(' line\n');
}

/** `/with/TOKEN/…`: client-go sends no token over plain HTTP, so kubectl's server URL carries it, as the real server allows. */
function lift(request: Request): Request {
  const url = new URL(request.url);
  const match = /^\/with\/([^/]+)(\/.*)$/.exec(url.pathname);
  if (match === null) return request;
  url.pathname = match[2] as string;
  const headers = new Headers(request.headers);
  headers.set('authorization', `Bearer ${match[1]}`);
  return new Request(url, { method: request.method, headers, body: request.body, duplex: 'half', signal: request.signal });
}

export async function startTestServer(overrides: Partial<KubernetesOptions> = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'colophon-kubernetes-'));
  const store = await openObjectStore(join(directory, 'objects.sqlite'));
  const routes = createKubernetesRoutes({
    store,
    types: Object.values(types),
    admit: (type, object) => (type.group === 'tekton.dev' ? (admit(object) as unknown as KubeObject) : object),
    authorize,
    podLogs: (taskRun, step) => stepLog(taskRun, step),
    ...overrides,
  });
  const app = new Hono().route('/kubernetes', routes);
  const server = createServer(getRequestListener((request) => app.fetch(lift(request))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    store,
    directory,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/kubernetes`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}
