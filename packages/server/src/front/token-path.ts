/**
 * Clients that cannot send a header (rekor-cli, cosign's `--rekor-url`) may put a token before the path: `/with/TOKEN/api/v1/log/…`. Gives the request
 * as if it had come with the header; the token is gone from its URL before anything logs it.
 */
export function liftToken(request: Request): Request {
  const url = new URL(request.url);
  const match = /^\/with\/([A-Za-z0-9_-]{8,128})(\/.*)$/.exec(url.pathname);
  if (match === null) return request;
  url.pathname = match[2] as string;
  const headers = new Headers(request.headers);
  headers.set('authorization', `Bearer ${match[1]}`);
  return new Request(url, { method: request.method, headers, body: request.body, duplex: 'half', signal: request.signal });
}
