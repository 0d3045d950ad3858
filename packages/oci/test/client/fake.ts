import type { Handler } from '../serve.ts';

/** A registry without the referrers API, as many are: ours with that part taken away. */
export async function withoutReferrers(request: Request, next: Handler): Promise<Response> {
  if (new URL(request.url).pathname.includes('/referrers/'))
    return new Response('404 page not found\n', { status: 404, headers: { 'content-type': 'text/plain' } });
  const response = await next(request);
  response.headers.delete('oci-subject');
  return response;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
}

/** Notes every request before it is passed on. */
export function recorder(): { seen: Seen[]; around: (request: Request, next: Handler) => Response | Promise<Response> } {
  const seen: Seen[] = [];
  return {
    seen,
    around(request, next) {
      const url = new URL(request.url);
      seen.push({ method: request.method, path: url.pathname, query: url.searchParams, headers: new Headers(request.headers) });
      return next(request);
    },
  };
}
