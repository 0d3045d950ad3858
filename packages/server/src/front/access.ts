import { Hono } from 'hono';
import type { Guard } from '../access/guard.ts';
import type { Wish } from '../access/tokens.ts';

/** Puts the log's own rights before it: adding an entry needs a token that writes, everything else one that reads (or none, where reads are open). */
export function guardLog(log: Hono, guard: Guard): Hono {
  const app = new Hono();
  const writes = new Set(['/api/v1/log/entries', '/api/v1/log/entries/']);
  app.use('/api/v1/*', async (context, next) => {
    const wish: Wish = { area: 'log', verb: context.req.method === 'POST' && writes.has(context.req.path) ? 'write' : 'read' };
    guard.authorize(context.req.raw.headers, wish);
    await next();
  });
  app.route('/', log);
  return app;
}
