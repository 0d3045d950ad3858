import { isColophonError } from '@colophon/core';
import { readBody } from './body.ts';
import type { AccessWish, KubernetesOptions } from './options.ts';
import { json } from './reply.ts';

const reads = new Set(['get', 'list', 'watch']);
const deletes = new Set(['delete', 'deletecollection']);

/** What a request on a resource needs. Reading a secret needs the right to write: whoever may run a step can print it, and nobody else should see it. */
export function wishOf(verb: string, resource: string, namespace: string | undefined): AccessWish {
  const kind = reads.has(verb) ? (resource === 'secrets' ? 'write' : 'read') : deletes.has(verb) ? 'delete' : 'write';
  return { verb: kind, ...(namespace === undefined || namespace === '' ? {} : { namespace }) };
}

/** POST selfsubjectaccessreviews: `kubectl auth can-i`. */
export async function reviewAccess(request: Request, authorize: KubernetesOptions['authorize']): Promise<Response> {
  const body = (await readBody(request)) as
    | { spec?: { resourceAttributes?: Record<string, string>; nonResourceAttributes?: object } }
    | undefined;
  const attributes = body?.spec?.resourceAttributes ?? {};
  const { verb = 'get', resource = '', namespace } = attributes;
  const status = { allowed: false, reason: '' };
  try {
    const verbs = verb === '*' ? ['get', 'update', 'delete'] : [verb];
    for (const one of verbs) authorize(request.headers, wishOf(one, resource, namespace));
    status.allowed = true;
  } catch (error) {
    if (!isColophonError(error) || error.status !== 403) throw error;
    status.reason = error.message;
  }
  return json(
    { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {}, spec: body?.spec ?? {}, status },
    201,
  );
}

/** POST selfsubjectreviews: `kubectl auth whoami`. Anybody who has a token that allows anything may ask. */
export function reviewSelf(holder: { readonly name: string } | undefined): Response {
  const userInfo = { username: holder?.name ?? 'system:anonymous', groups: ['system:authenticated'] };
  return json({ kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1', metadata: {}, status: { userInfo } }, 201);
}
