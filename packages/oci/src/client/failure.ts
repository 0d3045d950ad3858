import { isColophonError, parseJson } from '@colophon/core';
import { readLimited, streamChunks } from '../content/stream.ts';
import { ociErrors } from '../errors.ts';

/** Makes an error of an answer that was not the one wanted, with the registry's own words. */
export async function failure(response: Response, host: string, what: string): Promise<Error> {
  const message = await readLimited(streamChunks(response.body, 10_000), 65_536, 'the error').then(messageOf, () => '');
  const text = `${host}: ${what}: ${response.status}${message === '' ? '' : ` ${message.slice(0, 500)}`}`;
  const details = { details: { status: response.status } };
  if (response.status === 401) return ociErrors.error('OCI_UNAUTHORIZED', text, details);
  if (response.status === 403) return ociErrors.error('OCI_DENIED', text, details);
  if (response.status === 404) return ociErrors.error('OCI_NOT_FOUND', text, details);
  if (response.status === 413) return ociErrors.error('OCI_TOO_LARGE', text, details);
  if (response.status === 429) return ociErrors.error('OCI_TOO_MANY', text, details);
  return ociErrors.error('OCI_REGISTRY_FAILED', text, details);
}

/** distribution-spec, "Error Codes"; anything else says nothing. */
function messageOf(body: Buffer): string {
  try {
    const { errors } = parseJson(body) as { errors?: { code?: unknown; message?: unknown }[] };
    return (errors ?? []).map(({ code, message }) => [code, message].filter((part) => typeof part === 'string').join(' ')).join('; ');
  } catch (error) {
    if (isColophonError(error) || error instanceof TypeError) return '';
    throw error;
  }
}

/** Throws away an answer that nobody reads, so that its connection can serve again. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel();
}
