import { ociErrors } from '../errors.ts';
import { contentHeaders, matchesEtag, parseRange } from './answers.ts';
import { bodyOf } from './body.ts';
import { requireDigest, unsupported, type RepositoryRequest } from './context.ts';

/** Up to here a blob is read whole: one read instead of a stream. */
const wholeLimit = 1 << 20;

/** end-2 and end-10. */
export async function blobRoute(request: RepositoryRequest): Promise<Response> {
  const { raw, method, repository, argument, options } = request;
  const { registry } = options;
  const digest = requireDigest(argument);
  if (method === 'DELETE') {
    if (!(await registry.deleteBlob(repository, digest))) throw ociErrors.error('OCI_BLOB_UNKNOWN', `${repository} has no blob ${digest}`);
    return new Response(null, { status: 202 });
  }
  if (method !== 'GET') throw unsupported(request);
  const found = await registry.statBlob(repository, digest);
  if (found === undefined) throw ociErrors.error('OCI_BLOB_UNKNOWN', `${repository} has no blob ${digest}`);
  const headers = {
    ...contentHeaders(digest),
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'cache-control': 'max-age=31536000, immutable',
  };
  if (matchesEtag(raw.headers.get('if-none-match'), digest)) return new Response(null, { status: 304, headers });
  const whole = { ...headers, 'content-length': String(found.size) };
  if (raw.method === 'HEAD') return new Response(null, { headers: whole });
  const range = parseRange(raw.headers.get('range'), found.size);
  if (range === 'unsatisfiable') {
    const answer = ociErrors.error('OCI_RANGE_INVALID', `the blob has ${found.size} bytes`).message;
    return Response.json(
      { errors: [{ code: 'SIZE_INVALID', message: answer, detail: null }] },
      { status: 416, headers: { 'content-range': `bytes */${found.size}` } },
    );
  }
  if (range === undefined) {
    const body = found.size <= wholeLimit ? new Uint8Array(await registry.blobBytes(digest)) : bodyOf(registry.readBlob(digest));
    return new Response(body, { headers: whole });
  }
  return new Response(bodyOf(registry.readBlob(digest, range)), {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(range.end - range.start + 1),
      'content-range': `bytes ${range.start}-${range.end}/${found.size}`,
    },
  });
}
