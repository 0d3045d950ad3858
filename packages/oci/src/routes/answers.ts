import { isColophonError, toErrorRecord, type Digest } from '@colophon/core';

/** Our codes as distribution-spec's ("Error Codes"). */
const codes: Readonly<Record<string, string>> = {
  OCI_BLOB_UNKNOWN: 'BLOB_UNKNOWN',
  STORE_BLOB_UNKNOWN: 'BLOB_UNKNOWN',
  OCI_BLOB_UPLOAD_INVALID: 'BLOB_UPLOAD_INVALID',
  OCI_RANGE_INVALID: 'BLOB_UPLOAD_INVALID',
  OCI_TIMEOUT: 'BLOB_UPLOAD_INVALID',
  OCI_BLOB_UPLOAD_UNKNOWN: 'BLOB_UPLOAD_UNKNOWN',
  OCI_DIGEST_INVALID: 'DIGEST_INVALID',
  CORE_DIGEST_INVALID: 'DIGEST_INVALID',
  STORE_BLOB_MISMATCH: 'DIGEST_INVALID',
  OCI_MANIFEST_BLOB_UNKNOWN: 'MANIFEST_BLOB_UNKNOWN',
  OCI_MANIFEST_INVALID: 'MANIFEST_INVALID',
  CORE_JSON_INVALID: 'MANIFEST_INVALID',
  OCI_TAG_INVALID: 'MANIFEST_INVALID',
  OCI_MANIFEST_UNKNOWN: 'MANIFEST_UNKNOWN',
  OCI_NAME_INVALID: 'NAME_INVALID',
  OCI_NAME_UNKNOWN: 'NAME_UNKNOWN',
  OCI_TOO_LARGE: 'SIZE_INVALID',
  STORE_BLOB_TOO_LARGE: 'SIZE_INVALID',
  OCI_UNAUTHORIZED: 'UNAUTHORIZED',
  OCI_DENIED: 'DENIED',
  OCI_TAG_IMMUTABLE: 'DENIED',
  OCI_TAG_MOVED: 'DENIED',
  OCI_TOO_MANY: 'TOOMANYREQUESTS',
};
const byStatus: Readonly<Record<number, string>> = { 401: 'UNAUTHORIZED', 403: 'DENIED', 429: 'TOOMANYREQUESTS' };

/** An error as the specification wants it. What is not ours is not told to the client. */
export function errorAnswer(error: unknown): Response {
  const record = toErrorRecord(error);
  const status = record.status ?? 500;
  const code = codes[record.code] ?? byStatus[status] ?? (status >= 500 ? 'UNKNOWN' : 'UNSUPPORTED');
  const message = isColophonError(error)
    ? `${record.message}${record.hint === undefined ? '' : ` (${record.hint})`}`
    : 'an unexpected failure';
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Basic realm="colophon", charset="UTF-8"';
  if (status === 429 || status === 503) headers['retry-after'] = '5';
  return Response.json({ errors: [{ code, message, detail: record.details ?? null }] }, { status, headers });
}

/** Content is named by its digest, so its digest is its ETag. */
export function contentHeaders(digest: Digest): Record<string, string> {
  return { 'docker-content-digest': digest, etag: `"${digest}"` };
}

/** RFC 9110, 13.1.2. */
export function matchesEtag(header: string | null, digest: Digest): boolean {
  return header !== null && header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${digest}"`);
}

/** `bytes=a-b`, `bytes=a-`, `bytes=-n` (RFC 9110, 14.1.2): one range; undefined if there is none to honour. 'unsatisfiable' if it lies outside. */
export function parseRange(header: string | null, size: number): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}
