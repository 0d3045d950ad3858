import { createHash } from 'node:crypto';
import type { ResourceType } from '@colophon/store';
import { schemaOf } from './schema.ts';
import { apiVersionOf, namespaces, pods } from './synthetic.ts';

export interface OpenApi {
  readonly v2: string;
  /** As gnostic's protobuf, which is the only form that kubectl reads. */
  readonly v2Protobuf: Uint8Array<ArrayBuffer>;
  readonly v3Index: string;
  /** The document of `api/v1` or `apis/GROUP/VERSION`. */
  v3(path: string): string | undefined;
}

const parameter = (name: string) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });

/**
 * As much of OpenAPI as kubectl needs: which kinds there are (`explain`), and that the server validates fields and runs dry (so that kubectl leaves both
 * to it).
 */
export function createOpenApi(types: readonly ResourceType[]): OpenApi {
  const documents = new Map<string, string>();
  for (const type of [...types, namespaces, pods]) {
    const path = type.group === '' ? `api/${type.version}` : `apis/${apiVersionOf(type)}`;
    if (documents.has(path)) continue;
    const together = [...types, namespaces, pods].filter(({ group, version }) => group === type.group && version === type.version);
    documents.set(path, JSON.stringify(document(together, path)));
  }
  const index = [...documents].map(([path, text]) => {
    const hash = createHash('sha256').update(text).digest('hex').toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return {
    v2: JSON.stringify({ swagger: '2.0', info, paths: {}, definitions: {} }),
    v2Protobuf: new Uint8Array(swagger()),
    v3Index: JSON.stringify({ paths: Object.fromEntries(index) }),
    v3: (path) => documents.get(path),
  };
}

const info = { title: 'Colophon', version: 'v1' };

function document(types: readonly ResourceType[], prefix: string): object {
  const paths: Record<string, object> = {};
  const schemas: Record<string, object> = {};
  for (const type of types) {
    const gvk = { group: type.group, version: type.version, kind: type.kind };
    const operation = { 'x-kubernetes-group-version-kind': gvk, responses: { 200: { description: 'OK' } } };
    const write = { ...operation, parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(parameter) };
    const collection = `/${prefix}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.resource}`;
    paths[collection] = { get: { ...operation, 'x-kubernetes-action': 'list' }, post: { ...write, 'x-kubernetes-action': 'post' } };
    paths[`${collection}/{name}`] = {
      get: { ...operation, 'x-kubernetes-action': 'get' },
      put: { ...write, 'x-kubernetes-action': 'put' },
      patch: { ...write, 'x-kubernetes-action': 'patch' },
      delete: { ...operation, 'x-kubernetes-action': 'delete' },
    };
    schemas[schemaName(type)] = { ...schemaOf(type), 'x-kubernetes-group-version-kind': [gvk] };
  }
  return { openapi: '3.0.0', info, paths, components: { schemas } };
}

function schemaName({ group, version, kind }: ResourceType): string {
  const reversed = group === '' ? 'io.k8s.api.core' : group.split('.').toReversed().join('.');
  return `${reversed}.${version}.${kind}`;
}

/** Document{swagger=1, info=2{title=1, version=2}} of gnostic's openapiv2.proto. */
function swagger(): Buffer {
  const text = (field: number, value: string | Buffer) =>
    Buffer.concat([Buffer.from([(field << 3) | 2, Buffer.byteLength(value)]), Buffer.from(value as string)]);
  return Buffer.concat([text(1, '2.0'), text(2, Buffer.concat([text(1, info.title), text(2, info.version)]))]);
}
