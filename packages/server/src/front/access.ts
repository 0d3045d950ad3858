import { Hono } from 'hono';
import type { RegistryWish } from '@colophon/oci';
import type { Guard } from '../access/guard.ts';
import type { Wish } from '../access/tokens.ts';

const logQuestions = new Set(['/api/v1/log/entries/retrieve', '/api/v1/index/retrieve']);

/**
 * Puts the log's own rights before it: asking needs a token that reads (or none, where reads are open), and everything else, which is adding
 * entries, one that writes.
 */
export function guardLog(log: Hono, guard: Guard): Hono {
  const app = new Hono();
  app.use('/api/v1/*', async (context, next) => {
    const { method, path } = context.req;
    const asks = method === 'GET' || method === 'HEAD' || (method === 'POST' && logQuestions.has(path));
    guard.authorize(context.req.raw.headers, { area: 'log', verb: asks ? 'read' : 'write' });
    await next();
  });
  app.route('/', log);
  return app;
}

const verbs = { pull: 'read', push: 'write', delete: 'delete' } as const;

/** What a request to the registry needs. The client writes path and query; the tags that it would set are read as the registry reads them. */
export function registryWish(request: Request, { action, repository }: RegistryWish): Wish {
  const tags = action === 'push' ? tagsOf(new URL(request.url)) : [];
  return { area: 'registry', verb: verbs[action], ...(repository === undefined ? {} : { repository }), tags };
}

/** `PUT /v2/NAME/manifests/TAG`, and `?tag=` beside a digest. */
function tagsOf({ pathname, searchParams }: URL): string[] {
  const reference = /\/manifests\/([^/]+)$/.exec(decodeURIComponent(pathname))?.[1];
  return [...(reference === undefined ? [] : [reference]), ...searchParams.getAll('tag')];
}
