import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { humanDuration } from '../../src/kubernetes/duration.ts';
import { decodeProtobuf } from '../../src/kubernetes/protobuf.ts';
import { ask } from './support/client.ts';
import { startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

describe('discovery', () => {
  it('aggregated, with an ETag', async () => {
    const first = await ask(server, '/apis?timeout=32s', { accept: aggregated, token: '' });
    expect(first.headers.get('content-type')).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    expect(first.body).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
    const tekton = first.body.items.find(({ metadata }: any) => metadata.name === 'tekton.dev');
    expect(tekton.versions[0].resources.find(({ resource }: any) => resource === 'taskruns')).toEqual({
      resource: 'taskruns',
      responseKind: { group: 'tekton.dev', version: 'v1', kind: 'TaskRun' },
      scope: 'Namespaced',
      singularResource: 'taskrun',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['tr', 'trs'],
      categories: ['tekton', 'tekton-pipelines'],
      subresources: [
        { subresource: 'status', responseKind: { group: 'tekton.dev', version: 'v1', kind: 'TaskRun' }, verbs: ['get', 'patch', 'update'] },
      ],
    });
    const again = await ask(server, '/apis', { accept: aggregated, headers: { 'if-none-match': first.headers.get('etag')! } });
    expect(again.code).toBe(304);
    const core = await ask(server, '/api', { accept: aggregated });
    expect(core.body.items.map(({ metadata }: any) => metadata.name)).toEqual(['']);
  });

  it('as older clients ask for it', async () => {
    expect((await ask(server, '/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    expect((await ask(server, '/apis')).body.groups.map(({ name }: any) => name)).toContain('tekton.dev');
    expect((await ask(server, '/apis/tekton.dev')).body.preferredVersion).toEqual({ groupVersion: 'tekton.dev/v1', version: 'v1' });
    const { body } = await ask(server, '/apis/tekton.dev/v1');
    expect(body).toMatchObject({ kind: 'APIResourceList', groupVersion: 'tekton.dev/v1' });
    expect(body.resources.map(({ name }: any) => name)).toContain('taskruns/status');
    expect((await ask(server, '/api/v1')).body.resources.map(({ name }: any) => name)).toContain('pods/log');
    expect((await ask(server, '/apis/nobody.dev/v1')).code).toBe(404);
  });

  it('OpenAPI: the index leads to documents, and these say that fields are validated here', async () => {
    const { body } = await ask(server, '/openapi/v3');
    const { serverRelativeURL } = body.paths['apis/tekton.dev/v1'];
    expect(serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/tekton\.dev\/v1\?hash=[0-9A-F]{64}$/);
    const document = (await ask(server, serverRelativeURL)).body;
    const { patch } = document.paths['/apis/tekton.dev/v1/namespaces/{namespace}/taskruns/{name}'];
    expect(patch.parameters.map(({ name }: any) => name)).toContain('fieldValidation');
    expect((await ask(server, '/openapi/v2')).body.swagger).toBe('2.0');
    expect((await ask(server, '/openapi/v3/apis/nobody.dev/v1')).code).toBe(404);
  });
});

describe('ages, as kubectl says them', () => {
  it.each([
    [-5000, '<invalid>'],
    [-1500, '0s'],
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [125_000, '2m5s'],
    [599_000, '9m59s'],
    [600_000, '10m'],
    [3 * 3600_000 - 1, '179m'],
    [3 * 3600_000, '3h'],
    [3 * 3600_000 + 60_000, '3h1m'],
    [8 * 3600_000, '8h'],
    [47 * 3600_000, '47h'],
    [48 * 3600_000, '2d'],
    [50 * 3600_000, '2d2h'],
    [8 * 86_400_000, '8d'],
    [730 * 86_400_000, '2y'],
    [731 * 86_400_000, '2y1d'],
    [9 * 365 * 86_400_000, '9y'],
  ])('%i ms: %s', (milliseconds, expected) => {
    expect(humanDuration(milliseconds)).toBe(expected);
  });
});

describe('protobuf', () => {
  const field = (number: number, content: string | Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, Buffer.byteLength(content)]), Buffer.from(content as string)]);
  const envelope = (kind: string, raw: Buffer) =>
    Buffer.concat([Buffer.from('k8s\0'), field(1, Buffer.concat([field(1, 'v1'), field(2, kind)])), field(2, raw)]);
  const entry = (key: string, value: string) => Buffer.concat([field(1, key), field(2, value)]);

  it('reads the kinds that kubectl sends', () => {
    const metadata = Buffer.concat([
      field(1, 'one'),
      field(11, entry('a', 'b')),
      field(11, entry('c', 'd')),
      field(14, 'x'),
      field(14, 'y'),
    ]);
    expect(
      decodeProtobuf(envelope('ConfigMap', Buffer.concat([field(1, metadata), field(2, entry('k', 'v')), Buffer.from([0x20, 1])]))),
    ).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'one', labels: { a: 'b', c: 'd' }, finalizers: ['x', 'y'] },
      data: { k: 'v' },
    });
    expect(decodeProtobuf(envelope('Secret', field(2, entry('k', 'v'))))).toMatchObject({ data: { k: 'dg==' } });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no envelope', Buffer.from('{"a":1}')],
    ['an unknown kind', envelope('Pod', Buffer.alloc(0))],
    ['a kind of the prototype', envelope('constructor', Buffer.alloc(0))],
    ['a length beyond the end', envelope('ConfigMap', Buffer.from([0x0a, 0x7f, 1]))],
    ['a varint without an end', envelope('ConfigMap', Buffer.alloc(20, 0xff))],
    ['a wire type that is none', envelope('ConfigMap', Buffer.from([0x0b]))],
    ['the prototype as a key', envelope('ConfigMap', field(2, entry('__proto__', 'x')))],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decodeProtobuf(bytes)).toThrow(expect.objectContaining({ code: expect.any(Number) as number }) as Error);
  });
});
