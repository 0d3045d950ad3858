import { errorCode, isDigest, type Digest } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import type { ChunkRange } from '../registry/uploads.ts';
import { errorAnswer } from './answers.ts';
import { bodyChunks, checkLength } from './body.ts';
import { defaultBlobLimit, requireDigest, unsupported, type RepositoryRequest } from './context.ts';

function created(repository: string, digest: Digest): Response {
  return new Response(null, { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest } });
}

function progress(repository: string, id: string, size: number): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, size - 1)}`,
    'docker-upload-uuid': id,
  };
}

/** end-4a, end-4b, end-11: begins an upload, or does all of it, or mounts. */
export async function startUploadRoute(request: RepositoryRequest): Promise<Response> {
  const { raw, method, url, repository, options } = request;
  if (method !== 'POST') throw unsupported(request);
  const mount = url.searchParams.get('mount');
  if (mount !== null && isDigest(mount) && (await mounted(request, mount))) return created(repository, mount);
  const digest = url.searchParams.get('digest');
  if (digest !== null) {
    const { blobLimit: limit = defaultBlobLimit } = options;
    checkLength(raw.headers, limit);
    const expected = requireDigest(digest);
    await options.registry.putBlob(repository, bodyChunks(raw, options.idle), { expected, limit });
    return created(repository, expected);
  }
  const id = await options.uploads.start(repository);
  return new Response(null, { status: 202, headers: progress(repository, id, 0) });
}

/** A blob is given only from where the asker may read: knowing a digest is not having the content. */
async function mounted({ raw, url, repository, options }: RepositoryRequest, digest: Digest): Promise<boolean> {
  const mayRead = async (other: string): Promise<boolean> => {
    try {
      await options.authorize(raw, { action: 'pull', repository: other });
      return true;
    } catch {
      return false;
    }
  };
  const { from } = Object.fromEntries(url.searchParams);
  return options.registry.mountBlob(repository, digest, from, mayRead);
}

/** end-5, end-6, end-13, end-14. */
export async function continueUploadRoute(request: RepositoryRequest): Promise<Response> {
  const { repository, argument: id, options } = request;
  try {
    return await continueUpload(request);
  } catch (error) {
    if (errorCode(error) !== 'OCI_RANGE_INVALID') throw error;
    // The client goes on from what was received ("Pushing a blob in chunks").
    const answer = errorAnswer(error);
    for (const [name, value] of Object.entries(progress(repository, id, await options.uploads.size(repository, id))))
      answer.headers.set(name, value);
    return answer;
  }
}

async function continueUpload(request: RepositoryRequest): Promise<Response> {
  const { raw, method, url, repository, argument: id, options } = request;
  const { registry, uploads, blobLimit: limit = defaultBlobLimit } = options;
  switch (method) {
    case 'GET':
      return new Response(null, { status: 204, headers: progress(repository, id, await uploads.size(repository, id)) });
    case 'PATCH': {
      checkLength(raw.headers, limit);
      const size = await uploads.append(repository, id, bodyChunks(raw, options.idle), chunkRange(raw.headers));
      return new Response(null, { status: 202, headers: progress(repository, id, size) });
    }
    case 'DELETE':
      await uploads.cancel(repository, id);
      return new Response(null, { status: 204 });
    case 'PUT': {
      checkLength(raw.headers, limit);
      const expected = requireDigest(url.searchParams.get('digest'));
      await uploads.complete(repository, id, bodyChunks(raw, options.idle), chunkRange(raw.headers), {
        stream: (data) => registry.putBlob(repository, data, { expected, limit }),
        file: (path) => registry.adoptBlob(repository, path, expected),
      });
      return created(repository, expected);
    }
    default:
      throw unsupported(request);
  }
}

/** `Content-Range: 0-99` (the specification's own form, without unit); a chunk that announces its length must fit it. */
function chunkRange(headers: Headers): ChunkRange | undefined {
  const header = headers.get('content-range');
  if (header === null) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/.{1,20})?$/.exec(header);
  const range = match === null ? undefined : { start: Number(match[1]), end: Number(match[2]) };
  // An empty last chunk cannot be written as a range; some clients send `N-(N-1)`.
  if (range === undefined || range.end < range.start - 1)
    throw ociErrors.error('OCI_RANGE_INVALID', `not a chunk's range: ${JSON.stringify(header.slice(0, 100))}`);
  const length = headers.get('content-length');
  if (length !== null && Number(length) !== range.end - range.start + 1)
    throw ociErrors.error('OCI_RANGE_INVALID', `the chunk has ${length} bytes, but its range is ${header}`);
  return range;
}
