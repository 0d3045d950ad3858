import { isColophonError } from '@colophon/core';
import { Hono } from 'hono';
import { ociErrors } from '../errors.ts';
import { checkName } from '../registry/names.ts';
import { errorAnswer } from './answers.ts';
import { blobRoute } from './blobs.ts';
import type { RegistryAction, RegistryRoutesOptions, RepositoryRequest } from './context.ts';
import { catalogue, referrersRoute, tagsRoute } from './lists.ts';
import { manifestRoute } from './manifests.ts';
import { continueUploadRoute, startUploadRoute } from './uploads.ts';

/**
 * The HTTP side of distribution-spec 1.1, end-1 to end-14, below `/v2/`. A body is read as long as it keeps coming: the server around must not
 * limit how long a request takes (`requestTimeout: 0`).
 */
export function createRegistryRoutes(options: RegistryRoutesOptions): Hono {
  const app = new Hono();
  const answer = async (raw: Request): Promise<Response> => {
    const response = await route(raw, options).catch(errorAnswer);
    response.headers.set('docker-distribution-api-version', 'registry/2.0');
    return response;
  };
  app.all('/v2', (context) => answer(context.req.raw));
  app.all('/v2/*', (context) => answer(context.req.raw));
  return app;
}

interface RepositoryRoute {
  readonly pattern: RegExp;
  readonly answer: (request: RepositoryRequest) => Promise<Response>;
  readonly action: (method: string) => RegistryAction;
}

const pull = (): RegistryAction => 'pull';
const push = (): RegistryAction => 'push';
const byMethod = (method: string): RegistryAction => (method === 'GET' ? 'pull' : method === 'DELETE' ? 'delete' : 'push');

const repositoryRoutes: readonly RepositoryRoute[] = [
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/?$/, answer: startUploadRoute, action: push },
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, answer: continueUploadRoute, action: push },
  { pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/, answer: blobRoute, action: byMethod },
  { pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/, answer: manifestRoute, action: byMethod },
  { pattern: /^\/v2\/(.+)\/tags\/list$/, answer: tagsRoute, action: pull },
  { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, answer: referrersRoute, action: pull },
];

async function route(raw: Request, options: RegistryRoutesOptions): Promise<Response> {
  const url = new URL(raw.url);
  const path = decodePath(url.pathname);
  const method = raw.method === 'HEAD' ? 'GET' : raw.method;
  if (path === '/v2/' || path === '/v2') return hello(raw, method, options);
  if (path === '/v2/_catalog') {
    await options.authorize(raw, { action: 'pull' });
    if (method !== 'GET') throw ociErrors.error('OCI_UNSUPPORTED', `${method} is not offered at ${path}`);
    return catalogue(url, options);
  }
  for (const { pattern, answer, action } of repositoryRoutes) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const repository = match[1] as string;
    checkName(repository);
    const subject = await options.authorize(raw, { action: action(method), repository });
    return answer({ raw, method, url, repository, subject, argument: match[2] ?? '', options });
  }
  throw ociErrors.error('OCI_UNSUPPORTED', `nothing at ${path.slice(0, 300)}`, { status: 404 });
}

/**
 * end-1. Clients (crane, skopeo, cosign) decide here, once, whether they log in: they are challenged unless they could push without, even where
 * anybody may pull. Credentials that are good for something are good here.
 */
async function hello(raw: Request, method: string, { authorize }: RegistryRoutesOptions): Promise<Response> {
  try {
    await authorize(raw, { action: 'push' });
  } catch (error) {
    if (!isColophonError(error) || error.status !== 403) throw error;
  }
  if (method !== 'GET') throw ociErrors.error('OCI_UNSUPPORTED', `${method} is not offered at /v2/`);
  return Response.json({});
}

/** The client may write any character as %XX; what is authorized and what is done is the decoded path, once. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw ociErrors.error('OCI_NAME_INVALID', `not a path: ${JSON.stringify(path.slice(0, 300))}`, { cause });
  }
}
