import type { KubeObject, ObjectStore, PatchType, ResourceType, WriteOptions } from '@colophon/store';
import { mediaType, readBody } from './body.ts';
import type { KubernetesOptions } from './options.ts';
import { json } from './reply.ts';
import { isTrue, queryOf } from './read.ts';
import { shownAs } from './reply.ts';
import { Refusal } from './status.ts';
import { apiVersionOf } from './synthetic.ts';

export interface WriteRequest {
  readonly request: Request;
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly store: ObjectStore;
  readonly admit: KubernetesOptions['admit'];
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/apply-patch+yaml': 'apply',
};

export async function create(write: WriteRequest): Promise<Response> {
  const { type, namespace, store, request } = write;
  const object = objectOf(await readBody(request), write);
  const { status: _status, ...rest } = object;
  const fresh = type.statusSubresource ? (rest as KubeObject) : object;
  if (namespace === undefined && type.namespaced) throw new Refusal(405, 'the server does not allow this method on the requested resource');
  const made = await store.create(type, secretData(type, fresh), optionsOf(write, 'create'));
  const { one } = shownAs(request, type, '', apiVersionOf(type));
  return new Response(one(made).body, { status: 201, headers: { 'content-type': 'application/json' } });
}

export async function update(write: WriteRequest, name: string, subresource: 'status' | undefined): Promise<Response> {
  const { type, store, request } = write;
  const object = objectOf(await readBody(request), write);
  if (object.metadata.name !== name)
    throw new Refusal(400, `the name of the object (${object.metadata.name ?? ''}) does not match the name on the URL (${name})`);
  if (type.group !== '' && (object.metadata.resourceVersion ?? '') === '')
    throw new Refusal(
      422,
      `${type.resource}.${type.group} ${JSON.stringify(name)} is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
    );
  const options = optionsOf(write, 'update');
  if (subresource === 'status') return json(await store.updateStatus(type, object, options));
  return json(await store.update(type, secretData(type, object), options));
}

export async function patch(write: WriteRequest, name: string, subresource: 'status' | undefined): Promise<Response> {
  const { type, namespace, store, request } = write;
  const media = mediaType(request);
  // Strategic merge is for kinds that kubectl knows; for the few here it is a merge patch with directives that order lists.
  const strategic = media === 'application/strategic-merge-patch+json' && type.group === '';
  const patchType = strategic ? 'merge' : Object.hasOwn(patchTypes, media) ? patchTypes[media] : undefined;
  if (patchType === undefined)
    throw new Refusal(
      415,
      `the body of the request was in an unknown format - accepted media types include: ${Object.keys(patchTypes).join(', ')}`,
    );
  const body = await readBody(request);
  if (patchType === 'apply') objectOf(body, write, name);
  const options = {
    ...optionsOf(write, 'update'),
    ...(subresource === undefined ? {} : { subresource }),
    force: isTrue(new URL(request.url).searchParams.get('force')),
  };
  const before = patchType === 'apply' ? await store.get(type, namespace, name) : undefined;
  const object = await store.patch(type, namespace, name, strategic ? withoutDirectives(body) : body, patchType, options);
  return json(object, patchType === 'apply' && before === undefined ? 201 : 200);
}

export async function remove(write: WriteRequest, name: string): Promise<Response> {
  const { type, namespace, store, request } = write;
  const options = deleteOptions(request, await readBody(request));
  const gone = await store.delete(type, namespace, name, options);
  if ((gone.metadata.finalizers ?? []).length > 0) return json(gone);
  const details = { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.resource, uid: gone.metadata.uid };
  return json({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}

export async function removeAll(write: WriteRequest): Promise<Response> {
  const { type, namespace, store, request } = write;
  const options = deleteOptions(request, await readBody(request));
  const { items, resourceVersion } = await store.list(type, namespace, queryOf(new URL(request.url).searchParams));
  const gone = await Promise.all(
    items.map(({ metadata }) =>
      // Somebody else may have deleted it meanwhile: it is gone, as was wished.
      store.delete(type, metadata.namespace, metadata.name as string, options).catch((error: { status?: number }) => {
        if (error.status !== 404) throw error;
      }),
    ),
  );
  const left = gone.filter((object): object is KubeObject => object !== undefined);
  return json({ kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata: { resourceVersion }, items: left });
}

/** The object in a body, in the place that the URL names. */
function objectOf(body: unknown, { type, namespace }: WriteRequest, name?: string): KubeObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refusal(400, 'the body of the request is not an object');
  const { apiVersion, kind, metadata = {} } = body as Partial<KubeObject>;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) throw new Refusal(400, 'metadata is not an object');
  if (apiVersion !== undefined && apiVersion !== apiVersionOf(type))
    throw new Refusal(400, `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(type)})`);
  if (kind !== undefined && kind !== type.kind)
    throw new Refusal(400, `the kind in the data (${kind}) does not match the expected kind (${type.kind})`);
  for (const member of ['name', 'namespace', 'generateName', 'uid', 'resourceVersion'] as const)
    if (metadata[member] !== undefined && typeof metadata[member] !== 'string')
      throw new Refusal(400, `metadata.${member} is not a string`);
  if (type.namespaced && metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace)
    throw new Refusal(400, 'the namespace of the provided object does not match the namespace sent on the request');
  if (name !== undefined && metadata.name !== undefined && metadata.name !== name)
    throw new Refusal(400, `the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  const { namespace: _namespace, ...rest } = metadata;
  return {
    ...body,
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: namespace === undefined ? rest : { ...rest, namespace },
  };
}

function optionsOf({ request, type, admit }: WriteRequest, operation: 'create' | 'update'): WriteOptions {
  const parameters = new URL(request.url).searchParams;
  const agent = (request.headers.get('user-agent') ?? '').split('/')[0] ?? '';
  const manager = parameters.get('fieldManager') ?? (agent === '' ? 'unknown' : agent);
  if (manager.length > 128) throw new Refusal(422, 'fieldManager: Too long: may not be more than 128 bytes');
  return {
    fieldManager: manager,
    dryRun: parameters.getAll('dryRun').includes('All'),
    admit: (next, current) => admit(type, next, current === undefined ? 'create' : operation, current),
  };
}

/** Secrets may be written with `stringData` and without a type; what is kept has `data`, in base64, and a type. */
function secretData({ group, resource }: ResourceType, object: KubeObject): KubeObject {
  if (group !== '' || resource !== 'secrets') return object;
  const { stringData, ...given } = object;
  const rest: KubeObject = { ...given, type: given['type'] === undefined || given['type'] === '' ? 'Opaque' : given['type'] };
  if (typeof stringData !== 'object' || stringData === null) return rest;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  return { ...rest, data: { ...(object['data'] as object | undefined), ...Object.fromEntries(encoded) } };
}

function withoutDirectives(patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  if (Object.hasOwn(patch, '$patch'))
    throw new Refusal(415, 'strategic merge patches with $patch are not understood here: send a merge patch');
  return Object.fromEntries(
    Object.entries(patch)
      .filter(([key]) => !key.startsWith('$setElementOrder/') && key !== '$retainKeys')
      .map(([key, value]) => [key, withoutDirectives(value)]),
  );
}

function deleteOptions(request: Request, body: unknown) {
  const options = (body ?? {}) as {
    preconditions?: { uid?: string; resourceVersion?: string };
    propagationPolicy?: string;
    dryRun?: readonly string[];
  };
  const parameters = new URL(request.url).searchParams;
  const policy = parameters.get('propagationPolicy') ?? options.propagationPolicy;
  return {
    ...(options.preconditions === undefined || options.preconditions === null ? {} : { preconditions: options.preconditions }),
    dependents: policy === 'Orphan' ? ('orphan' as const) : ('delete' as const),
    dryRun: parameters.getAll('dryRun').includes('All') || (Array.isArray(options.dryRun) && options.dryRun.includes('All')),
  };
}
