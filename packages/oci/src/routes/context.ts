import { isDigest, type Digest } from '@colophon/core';
import { ociErrors } from '../errors.ts';
import type { Registry } from '../registry/types.ts';
import type { Uploads } from '../registry/uploads.ts';

export type RegistryAction = 'pull' | 'push' | 'delete';

export interface RegistryWish {
  readonly action: RegistryAction;
  /** Missing for `/v2/` and the catalogue. */
  readonly repository?: string;
}

/** Gives the opaque subject of who asks, or throws an error of status 401 or 403 (OCI_UNAUTHORIZED, OCI_DENIED or another room's). */
export type Authorize = (request: Request, wish: RegistryWish) => string | Promise<string>;

export interface RegistryRoutesOptions {
  readonly registry: Registry;
  readonly uploads: Uploads;
  readonly authorize: Authorize;
  /** Bytes of one blob. Default 16 GiB. */
  readonly blobLimit?: number;
  /** Milliseconds that a request may send nothing of its body. Default one minute. */
  readonly idle?: number;
}

/** A request to a repository, authorized. */
export interface RepositoryRequest {
  readonly raw: Request;
  /** HEAD is GET without a body. */
  readonly method: string;
  readonly url: URL;
  readonly repository: string;
  /** Who asks. */
  readonly subject: string;
  /** What the path ends in: a digest, a tag, an upload's id. */
  readonly argument: string;
  readonly options: RegistryRoutesOptions;
}

export const defaultBlobLimit = 16 * 2 ** 30;

export function unsupported({ method, url }: RepositoryRequest): Error {
  return ociErrors.error('OCI_UNSUPPORTED', `${method} is not offered at ${url.pathname.slice(0, 300)}`);
}

export function requireDigest(text: string | null): Digest {
  if (text === null || !isDigest(text))
    throw ociErrors.error('OCI_DIGEST_INVALID', `not a digest: ${JSON.stringify((text ?? '').slice(0, 200))}`);
  return text;
}

export function mediaTypeOf(headers: Headers): string | undefined {
  const type = headers.get('content-type')?.split(';')[0]?.trim();
  return type === '' ? undefined : type;
}
