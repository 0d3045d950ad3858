import { ociErrors } from '../errors.ts';
import { mediaTypes } from '../types/media-types.ts';
import { requireDigest, unsupported, type RegistryRoutesOptions, type RepositoryRequest } from './context.ts';

/** Names on one page, at most. */
const pageLimit = 10_000;

/** end-8. */
export async function tagsRoute(request: RepositoryRequest): Promise<Response> {
  if (request.method !== 'GET') throw unsupported(request);
  const { repository, url, options } = request;
  const { limit, last } = pageOf(url);
  const found = await options.registry.tags(repository, { limit: limit + 1, last });
  if (found === undefined) throw ociErrors.error('OCI_NAME_UNKNOWN', `there is no repository ${repository}`);
  const tags = found.slice(0, limit);
  return Response.json({ name: repository, tags }, { headers: nextLink(url, found.length > limit, tags.at(-1), limit) });
}

/** end-12. */
export async function referrersRoute(request: RepositoryRequest): Promise<Response> {
  if (request.method !== 'GET') throw unsupported(request);
  const { repository, url, argument, options } = request;
  const artifactType = url.searchParams.get('artifactType') ?? undefined;
  const last = url.searchParams.get('last') ?? undefined;
  const { index, next } = await options.registry.referrersPage(repository, requireDigest(argument), {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(last === undefined ? {} : { last }),
  });
  const headers = new Headers({ 'content-type': mediaTypes.index });
  if (artifactType !== undefined) headers.set('oci-filters-applied', 'artifactType');
  if (next !== undefined) {
    const query = new URLSearchParams({ ...(artifactType === undefined ? {} : { artifactType }), last: next });
    headers.set('link', `<${url.pathname}?${query.toString()}>; rel="next"`);
  }
  return Response.json(index, { headers });
}

/** Docker's `_catalog`; outside of the specification, but every client has it. */
export async function catalogue(url: URL, { registry }: RegistryRoutesOptions): Promise<Response> {
  const { limit, last } = pageOf(url);
  const found = await registry.repositories({ limit: limit + 1, last });
  const repositories = found.slice(0, limit);
  return Response.json({ repositories }, { headers: nextLink(url, found.length > limit, repositories.at(-1), limit) });
}

function pageOf(url: URL): { limit: number; last: string } {
  const count = url.searchParams.get('n');
  if (count !== null && !/^\d{1,9}$/.test(count)) throw ociErrors.error('OCI_UNSUPPORTED', 'n is a number', { status: 400 });
  return { limit: Math.min(pageLimit, Number(count ?? pageLimit)), last: url.searchParams.get('last') ?? '' };
}

/** RFC 8288; with `n=0` there is nothing to go on from. */
function nextLink(url: URL, more: boolean, last: string | undefined, limit: number): Record<string, string> {
  if (!more || last === undefined) return {};
  return { link: `<${url.pathname}?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"` };
}
