import { Hono, type Context } from 'hono';
import { reviewAccess, reviewSelf, wishOf } from './access.ts';
import { readBody } from './body.ts';
import { createDiscovery } from './discovery.ts';
import { readLog } from './logs.ts';
import { createOpenApi } from './openapi.ts';
import type { KubernetesOptions } from './options.ts';
import { getOne, isTrue, listAll } from './read.ts';
import { cached, json } from './reply.ts';
import { sourceOf } from './source.ts';
import { notFound, Refusal, statusOf } from './status.ts';
import { namespaces, pods } from './synthetic.ts';
import { missing, parseTarget, segmentsOf, type Target } from './target.ts';
import { create, patch, remove, removeAll, update } from './write.ts';

const verbs: Readonly<Record<string, readonly [one: string, all: string]>> = {
  GET: ['get', 'list'],
  POST: ['', 'create'],
  PUT: ['update', ''],
  PATCH: ['patch', ''],
  DELETE: ['delete', 'deletecollection'],
};

/**
 * The Kubernetes-shaped API: what kubectl, tkn and client-go ask of a server, over an object store. Mount it under a prefix of its own: it answers whatever is asked below. Every answer that is not a
 * success is a meta/v1 Status. Discovery and OpenAPI need no token: they say nothing that is not in the documentation.
 */
export function createKubernetesRoutes(options: KubernetesOptions): Hono {
  const { store, types, authorize } = options;
  const discovery = createDiscovery(types);
  const openApi = createOpenApi(types);
  const taskRuns = types.find(({ group, resource }) => group === 'tekton.dev' && resource === 'taskruns');
  const app = new Hono();
  app.onError((error) => answer(statusOf(error)));

  app.get('/version', () => json(version));
  app.get('/openapi/v2', ({ req }) => {
    const wantsProtobuf = (req.header('accept') ?? '').includes('proto-openapi');
    return wantsProtobuf
      ? cached(req.raw, openApi.v2Protobuf, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
      : cached(req.raw, openApi.v2, 'application/json');
  });
  app.get('/openapi/v3', ({ req }) => cached(req.raw, openApi.v3Index, 'application/json'));
  app.get('/openapi/v3/*', ({ req }) => {
    const document = openApi.v3(segmentsOf(req.path).join('/'));
    if (document === undefined) throw missing();
    return cached(req.raw, document, 'application/json');
  });
  app.on(['GET'], ['/api', '/apis'], ({ req }) => {
    const aggregated =
      /as=APIGroupDiscoveryList/.test(req.header('accept') ?? '') && /g=apidiscovery\.k8s\.io/.test(req.header('accept') ?? '');
    const version = /v=v2(?![a-z0-9])/.test(req.header('accept') ?? '') ? 'v2' : 'v2beta1';
    const body = JSON.stringify(discovery.roots(segmentsOf(req.path)[0] === 'api', aggregated)).replace(
      '"apidiscovery.k8s.io/v2"',
      `"apidiscovery.k8s.io/${version}"`,
    );
    return cached(
      req.raw,
      body,
      aggregated ? `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList` : 'application/json',
    );
  });
  app.all('/api/*', resources);
  app.all('/apis/*', resources);
  app.all('*', () => answer(statusOf(missing())));
  return app;

  async function resources({ req }: Context): Promise<Response> {
    const segments = segmentsOf(req.path);
    const list = listed(segments);
    if (list !== undefined) {
      if (req.method !== 'GET') throw new Refusal(405, 'the server does not allow this method on the requested resource');
      return cached(req.raw, JSON.stringify(list), 'application/json');
    }
    const review = segments.slice(1).join('/');
    if (req.method === 'POST' && review === 'authorization.k8s.io/v1/selfsubjectaccessreviews') return reviewAccess(req.raw, authorize);
    if (req.method === 'POST' && review === 'authentication.k8s.io/v1/selfsubjectreviews')
      return reviewSelf(authorize(req.raw.headers, { verb: 'read' }));
    const target = parseTarget(req.path, types);
    try {
      return await serve(req.raw, target);
    } catch (error) {
      return answer(statusOf(error, target));
    }
  }

  function listed(segments: readonly string[]): object | undefined {
    if (segments[0] === 'api') return segments.length === 2 ? discovery.resources('', segments[1] as string) : undefined;
    const [, group = '', version] = segments;
    if (segments.length === 2) return discovery.group(group);
    return segments.length === 3 && group !== '' ? discovery.resources(group, version as string) : undefined;
  }

  async function serve(request: Request, target: Target): Promise<Response> {
    const { type, name, subresource } = target;
    const namespace = type === namespaces ? undefined : target.namespace;
    const verb = verbs[request.method]?.[name === undefined ? 1 : 0] ?? '';
    if (verb === '') throw new Refusal(405, 'the server does not allow this method on the requested resource');
    const wish = wishOf(verb, type.resource, type === namespaces ? name : namespace);
    authorize(request.headers, wish);
    const read = { request, type, namespace, source: sourceOf(type, store, types) };
    if (type === pods && subresource === 'log' && verb === 'get' && namespace !== undefined && name !== undefined)
      return readLog(request, namespace, name, { ...options, taskRuns });
    if (subresource !== undefined && (subresource !== 'status' || !type.statusSubresource)) throw missing();
    if (verb === 'get' && name !== undefined) return getOne(read, name);
    if (verb === 'list') return listAll(read);
    if (type === namespaces && verb === 'create') return makeNamespace(request);
    if (type === pods || type === namespaces) throw new Refusal(405, 'the server does not allow this method on the requested resource');
    const write = { request, type, namespace, store, admit: options.admit };
    if (name === undefined) return verb === 'create' ? create(write) : removeAll(write);
    if (verb === 'update') return update(write, name, subresource);
    if (verb === 'patch') return patch(write, name, subresource);
    if (subresource !== undefined) throw missing();
    return remove(write, name);
  }

  /** Any namespace exists already; whoever makes one is told that it is there. */
  async function makeNamespace(request: Request): Promise<Response> {
    const body = (await readBody(request)) as { metadata?: { name?: unknown } } | undefined;
    const name = typeof body?.metadata?.name === 'string' ? body.metadata.name : '';
    const made = isTrue(new URL(request.url).searchParams.get('watch'))
      ? undefined
      : await sourceOf(namespaces, store, types).get(undefined, name);
    if (made === undefined) throw notFound(namespaces, name);
    return json(made, 201);
  }
}

function answer(status: ReturnType<typeof statusOf>): Response {
  const response = json(status, status.code ?? 500);
  // What is left of the body is not read.
  if (status.code === 413) response.headers.set('connection', 'close');
  if (status.code === 401) response.headers.set('www-authenticate', 'Bearer realm="colophon"');
  return response;
}

const version = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0+colophon',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};
