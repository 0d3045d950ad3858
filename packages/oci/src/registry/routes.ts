import { Hono } from 'hono';
import { isDigest, parseDigest, type Digest, type DigestAlgorithm } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import { isRepositoryName } from '../reference/reference.ts';
import { manifestLimit } from '../types/manifest.ts';
import { mediaTypes } from '../types/media-types.ts';
import { bodyOf, errorAnswer, parseRange } from './answers.ts';
import type { Registry } from './registry.ts';
import type { Uploads } from './uploads.ts';

export type RegistryAction = 'pull' | 'push' | 'delete';

export interface RegistryRoutesOptions {
  readonly registry: Registry;
  readonly uploads: Uploads;
  /** Gives the opaque subject of who asks, or throws an error of status 401 or 403. Without a repository: for `/v2/` and the catalogue. */
  readonly authorize: (headers: Headers, wish: { action: RegistryAction; repository?: string }) => string;
}

interface Request_ {
  readonly raw: Request;
  readonly url: URL;
  readonly repository: string;
  readonly subject: string;
}

/** The HTTP side of distribution-spec 1.1: end-1 to end-14. */
export function createRegistryRoutes(options: RegistryRoutesOptions): Hono {
  const app = new Hono();
  const answer = async (raw: Request): Promise<Response> => {
    try {
      const response = await route(raw, options);
      response.headers.set('docker-distribution-api-version', 'registry/2.0');
      return response;
    } catch (error) {
      return errorAnswer(error);
    }
  };
  app.all('/v2', (context) => answer(context.req.raw));
  app.all('/v2/*', (context) => answer(context.req.raw));
  return app;
}

const paths: readonly {
  pattern: RegExp;
  handle: (request: Request_, argument: string, options: RegistryRoutesOptions) => Promise<Response>;
  writes: (method: string) => RegistryAction;
}[] = [
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/?$/, handle: startUpload, writes: () => 'push' },
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, handle: continueUpload, writes: () => 'push' },
  { pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/, handle: blob, writes: (method) => (method === 'DELETE' ? 'delete' : 'pull') },
  {
    pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    handle: manifest,
    writes: (method) => (method === 'DELETE' ? 'delete' : method === 'PUT' ? 'push' : 'pull'),
  },
  { pattern: /^\/v2\/(.+)\/tags\/list$/, handle: tags, writes: () => 'pull' },
  { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, handle: referrers, writes: () => 'pull' },
];

async function route(raw: Request, options: RegistryRoutesOptions): Promise<Response> {
  const url = new URL(raw.url);
  const path = decodeURIComponent(url.pathname);
  if (path === '/v2/' || path === '/v2') {
    options.authorize(raw.headers, { action: 'pull' });
    return Response.json({});
  }
  if (path === '/v2/_catalog') {
    options.authorize(raw.headers, { action: 'pull' });
    const page = pageOf(url);
    const names = await options.registry.repositories(page);
    return Response.json({ repositories: names }, { headers: nextLink(url, names, page.limit) });
  }
  for (const { pattern, handle, writes } of paths) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const repository = match[1] as string;
    if (!isRepositoryName(repository))
      throw ociErrors.error('OCI_NAME_INVALID', `not a repository name: ${JSON.stringify(repository.slice(0, 300))}`);
    const subject = options.authorize(raw.headers, { action: writes(raw.method), repository });
    return handle({ raw, url, repository, subject }, match[2] ?? '', options);
  }
  throw ociErrors.error('OCI_UNSUPPORTED', `nothing at ${path.slice(0, 300)}`, { status: 404 });
}

function unsupported({ raw, url }: Request_): Error {
  return ociErrors.error('OCI_UNSUPPORTED', `${raw.method} is not offered at ${url.pathname}`);
}

function requireDigest(text: string): Digest {
  if (!isDigest(text)) throw ociErrors.error('OCI_DIGEST_INVALID', `not a digest: ${JSON.stringify(text.slice(0, 200))}`);
  return text;
}

async function* bodyChunks(request: Request): AsyncIterable<Uint8Array> {
  for await (const chunk of request.body ?? []) yield chunk;
}

const location = (repository: string, rest: string) => ({ location: `/v2/${repository}/${rest}` });

async function startUpload(
  request: Request_,
  _argument: string,
  { registry, uploads, authorize }: RegistryRoutesOptions,
): Promise<Response> {
  if (request.raw.method !== 'POST') throw unsupported(request);
  const { repository, url, raw } = request;
  const mount = url.searchParams.get('mount');
  if (mount !== null && isDigest(mount)) {
    const mayRead = (other: string) => {
      try {
        authorize(raw.headers, { action: 'pull', repository: other });
        return true;
      } catch {
        return false;
      }
    };
    if (await registry.mountBlob(repository, mount, url.searchParams.get('from') ?? undefined, mayRead)) return created(repository, mount);
  }
  const digest = url.searchParams.get('digest');
  if (digest !== null) {
    await registry.putBlob(repository, bodyChunks(raw), { expected: requireDigest(digest), limit: blobLimit });
    return created(repository, digest as Digest);
  }
  const id = uploads.start(repository);
  return new Response(null, {
    status: 202,
    headers: { ...location(repository, `blobs/uploads/${id}`), range: '0-0', 'docker-upload-uuid': id, 'oci-chunk-min-length': '0' },
  });
}

/** One blob, at most. */
export const blobLimit = 16 * 2 ** 30;

function created(repository: string, digest: Digest): Response {
  return new Response(null, { status: 201, headers: { ...location(repository, `blobs/${digest}`), 'docker-content-digest': digest } });
}

async function continueUpload(request: Request_, id: string, { registry, uploads }: RegistryRoutesOptions): Promise<Response> {
  const { raw, repository, url } = request;
  const progress = (status: number, size: number) =>
    new Response(null, {
      status,
      headers: { ...location(repository, `blobs/uploads/${id}`), range: `0-${Math.max(0, size - 1)}`, 'docker-upload-uuid': id },
    });
  switch (raw.method) {
    case 'GET':
      return progress(204, await uploads.size(repository, id));
    case 'PATCH':
      return progress(202, await uploads.append(repository, id, bodyChunks(raw), chunkStart(raw.headers)));
    case 'DELETE':
      await uploads.cancel(repository, id);
      return new Response(null, { status: 204 });
    case 'PUT': {
      const digest = requireDigest(url.searchParams.get('digest') ?? '');
      await uploads.append(repository, id, bodyChunks(raw), chunkStart(raw.headers));
      try {
        await registry.adoptBlob(repository, await uploads.finish(repository, id), digest);
      } finally {
        await uploads.cancel(repository, id);
      }
      return created(repository, digest);
    }
    default:
      throw unsupported(request);
  }
}

/** `Content-Range: 0-99` (the specification's own form, without unit); the chunk's length must fit it. */
function chunkStart(headers: Headers): number | undefined {
  const header = headers.get('content-range');
  if (header === null) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/.*)?$/.exec(header);
  if (match === null) throw ociErrors.error('OCI_RANGE_INVALID', `not a chunk's range: ${JSON.stringify(header.slice(0, 100))}`);
  const length = headers.get('content-length');
  if (length !== null && Number(length) !== Number(match[2]) - Number(match[1]) + 1)
    throw ociErrors.error('OCI_RANGE_INVALID', `the chunk has ${length} bytes, but its range is ${header}`);
  return Number(match[1]);
}

async function blob(request: Request_, text: string, { registry }: RegistryRoutesOptions): Promise<Response> {
  const { raw, repository } = request;
  const digest = requireDigest(text);
  const found = await registry.statBlob(repository, digest);
  if (found === undefined) throw ociErrors.error('OCI_BLOB_UNKNOWN', `${repository} has no blob ${digest}`);
  if (raw.method === 'DELETE') {
    await registry.deleteBlob(repository, digest);
    return new Response(null, { status: 202 });
  }
  if (raw.method !== 'GET' && raw.method !== 'HEAD') throw unsupported(request);
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
    'cache-control': 'max-age=31536000, immutable',
  };
  if (raw.method === 'HEAD') return new Response(null, { headers: { ...headers, 'content-length': String(found.size) } });
  const range = parseRange(raw.headers.get('range'), found.size);
  if (range === 'unsatisfiable') return new Response(null, { status: 416, headers: { 'content-range': `bytes */${found.size}` } });
  if (range === undefined)
    return new Response(bodyOf(registry.readBlob(digest)), { headers: { ...headers, 'content-length': String(found.size) } });
  return new Response(bodyOf(registry.readBlob(digest, range)), {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(range.end - range.start + 1),
      'content-range': `bytes ${range.start}-${range.end}/${found.size}`,
    },
  });
}

async function manifest(request: Request_, reference: string, { registry }: RegistryRoutesOptions): Promise<Response> {
  const { raw, repository, url } = request;
  if (raw.method === 'PUT') return putManifest(request, reference, registry, url);
  if (raw.method === 'DELETE') {
    if (!(await registry.deleteManifest(repository, reference)))
      throw ociErrors.error('OCI_MANIFEST_UNKNOWN', `${repository} has no ${reference}`);
    return new Response(null, { status: 202 });
  }
  if (raw.method !== 'GET' && raw.method !== 'HEAD') throw unsupported(request);
  if (reference.includes(':')) requireDigest(reference);
  const found = await registry.getManifest(repository, reference);
  if (found === undefined) throw ociErrors.error('OCI_MANIFEST_UNKNOWN', `${repository} has no ${reference}`);
  const headers = {
    'content-type': found.mediaType,
    'docker-content-digest': found.digest,
    etag: `"${found.digest}"`,
    'content-length': String(found.bytes.length),
  };
  return new Response(raw.method === 'HEAD' ? null : new Uint8Array(found.bytes), { headers });
}

async function putManifest({ raw, repository, subject }: Request_, reference: string, registry: Registry, url: URL): Promise<Response> {
  if (reference.includes(':')) requireDigest(reference);
  const bytes = await readAll(raw, manifestLimit);
  const mediaType = raw.headers.get('content-type')?.split(';')[0]?.trim();
  const algorithm = url.searchParams.get('digest-algorithm') ?? undefined;
  const stored = await registry.putManifest(repository, bytes, {
    reference,
    subject,
    ...(mediaType === undefined || mediaType === '' ? {} : { mediaType }),
    ...(algorithm === undefined
      ? {}
      : {
          algorithm: algorithmOf(algorithm),
        }),
  });
  const named = isDigest(reference) ? url.searchParams.getAll('tag') : [];
  for (const tag of named)
    await registry.putManifest(repository, bytes, {
      reference: tag,
      subject,
      ...(mediaType === undefined ? {} : { mediaType }),
      algorithm: parseDigest(stored.digest).algorithm,
    });
  const headers = new Headers({ ...location(repository, `manifests/${stored.digest}`), 'docker-content-digest': stored.digest });
  if (stored.subject !== undefined) headers.set('oci-subject', stored.subject);
  for (const tag of named) headers.append('oci-tag', tag);
  return new Response(null, { status: 201, headers });
}

function algorithmOf(text: string): DigestAlgorithm {
  if (text === 'sha256' || text === 'sha384' || text === 'sha512') return text;
  throw ociErrors.error('OCI_DIGEST_INVALID', `unknown digest algorithm ${JSON.stringify(text.slice(0, 40))}`);
}

async function tags(request: Request_, _argument: string, { registry }: RegistryRoutesOptions): Promise<Response> {
  if (request.raw.method !== 'GET') throw unsupported(request);
  const { repository, url } = request;
  const page = pageOf(url);
  const names = page.limit === 0 ? [] : await registry.tags(repository, page);
  if (names === undefined) throw ociErrors.error('OCI_NAME_UNKNOWN', `there is no repository ${repository}`);
  return Response.json({ name: repository, tags: names }, { headers: nextLink(url, names, page.limit) });
}

async function referrers(request: Request_, text: string, { registry }: RegistryRoutesOptions): Promise<Response> {
  if (request.raw.method !== 'GET') throw unsupported(request);
  const artifactType = request.url.searchParams.get('artifactType') ?? undefined;
  const index = await registry.referrers(request.repository, requireDigest(text), artifactType);
  return Response.json(index, {
    headers: { 'content-type': mediaTypes.index, ...(artifactType === undefined ? {} : { 'oci-filters-applied': 'artifactType' }) },
  });
}

function pageOf(url: URL): { limit?: number; last?: string } {
  const count = url.searchParams.get('n');
  const last = url.searchParams.get('last');
  if (count !== null && !/^\d{1,9}$/.test(count)) throw ociErrors.error('OCI_UNSUPPORTED', 'n is a number', { status: 400 });
  return { ...(count === null ? {} : { limit: Number(count) }), ...(last === null ? {} : { last }) };
}

function nextLink(url: URL, names: readonly string[], limit: number | undefined): Record<string, string> {
  const last = names.at(-1);
  if (limit === undefined || last === undefined || names.length < limit) return {};
  return { link: `<${url.pathname}?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"` };
}

async function readAll(request: Request, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(request)) {
    size += chunk.length;
    if (size > limit) throw ociErrors.error('OCI_TOO_LARGE', `the body is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
