import { errorCode, isDigest, parseDigest, type DigestAlgorithm } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import { manifestLimit } from '../types/manifest.ts';
import { checkTag } from '../registry/names.ts';
import type { ExpectedTag } from '../registry/types.ts';
import { contentHeaders, matchesEtag } from './answers.ts';
import { readBody } from './body.ts';
import { mediaTypeOf, requireDigest, unsupported, type RepositoryRequest } from './context.ts';

/** end-3, end-7, end-9. */
export async function manifestRoute(request: RepositoryRequest): Promise<Response> {
  const { raw, method, repository, argument: reference, options } = request;
  if (reference.includes(':')) requireDigest(reference);
  if (method === 'PUT') return putManifest(request);
  if (method === 'DELETE') {
    if (!(await options.registry.deleteManifest(repository, reference)))
      throw ociErrors.error('OCI_MANIFEST_UNKNOWN', `${repository} has no ${reference.slice(0, 200)}`);
    return new Response(null, { status: 202 });
  }
  if (method !== 'GET') throw unsupported(request);
  const found = await (raw.method === 'HEAD'
    ? options.registry.statManifest(repository, reference)
    : options.registry.getManifest(repository, reference));
  if (found === undefined) throw ociErrors.error('OCI_MANIFEST_UNKNOWN', `${repository} has no ${reference.slice(0, 200)}`);
  const headers = { ...contentHeaders(found.digest), 'content-type': found.mediaType };
  if (matchesEtag(raw.headers.get('if-none-match'), found.digest)) return new Response(null, { status: 304, headers });
  return new Response('bytes' in found ? new Uint8Array(found.bytes as Buffer) : null, {
    headers: { ...headers, 'content-length': String(found.size) },
  });
}

async function putManifest({ raw, url, repository, subject, argument: reference, options }: RepositoryRequest): Promise<Response> {
  const { registry } = options;
  const named = isDigest(reference) ? url.searchParams.getAll('tag') : [];
  if (named.length > 100) throw ociErrors.error('OCI_TOO_MANY', 'more than 100 tags at once', { status: 414 });
  for (const tag of named) checkTag(tag);
  const expected = isDigest(reference) ? undefined : expectedTag(raw.headers);
  const mediaType = mediaTypeOf(raw.headers);
  const common = { subject, ...(mediaType === undefined ? {} : { mediaType }) };
  const algorithm = algorithmOf(url.searchParams.get('digest-algorithm'));
  const bytes = await readBody(raw, manifestLimit, options.idle);
  const stored = await registry
    .putManifest(repository, bytes, {
      ...common,
      reference,
      ...(expected === undefined ? {} : { expected }),
      ...(algorithm === undefined ? {} : { algorithm }),
    })
    .catch((error: unknown) =>
      Promise.reject(
        errorCode(error) === 'OCI_TAG_MOVED' ? ociErrors.error('OCI_TAG_MOVED', (error as Error).message, { status: 412 }) : error,
      ),
    );
  for (const tag of named)
    await registry.putManifest(repository, bytes, { ...common, reference: tag, algorithm: parseDigest(stored.digest).algorithm });
  const headers = new Headers({
    location: `/v2/${repository}/manifests/${stored.digest}`,
    'docker-content-digest': stored.digest,
  });
  if (stored.subject !== undefined) headers.set('oci-subject', stored.subject);
  for (const tag of named) headers.append('oci-tag', tag);
  return new Response(null, { status: 201, headers });
}

/** `If-Match: "DIGEST"` and `If-None-Match: *` (RFC 9110, 13.1): a tag is moved only from where the client saw it. */
function expectedTag(headers: Headers): ExpectedTag | undefined {
  const match = /^"([a-z0-9]+:[0-9a-f]+)"$/.exec(headers.get('if-match')?.trim() ?? '')?.[1];
  if (match !== undefined && isDigest(match)) return { digest: match };
  if (headers.get('if-none-match')?.trim() === '*') return { digest: undefined };
  if (headers.has('if-match')) throw ociErrors.error('OCI_UNSUPPORTED', 'If-Match takes one digest in quotes', { status: 400 });
  return undefined;
}

function algorithmOf(text: string | null): DigestAlgorithm | undefined {
  if (text === null || text === 'sha256' || text === 'sha384' || text === 'sha512') return text ?? undefined;
  throw ociErrors.error('OCI_DIGEST_INVALID', `unknown digest algorithm ${JSON.stringify(text.slice(0, 40))}`);
}
