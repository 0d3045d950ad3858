import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Guard } from '../access/guard.ts';
import { serverErrors } from '../errors.ts';
import { readBody } from './body.ts';
import { answerError } from './errors.ts';
import { liftToken } from './token-path.ts';

export interface Parts {
  readonly guard: Guard;
  readonly logger: Logger;
  readonly registry: Hono;
  readonly log: Hono;
  readonly kubernetes: Hono;
  /** Answers a push webhook; it checks the sender's signature itself. */
  readonly push: (headers: Headers, body: Uint8Array) => Promise<object>;
  readonly trust: Hono;
  readonly administration: Hono;
  readonly metrics: () => Promise<string>;
  readonly ready: () => boolean;
}

/** GitHub's own limit of a payload, and how long a sender, who is not known until all of it was read, may take. */
const webhookBody = { limit: 25 << 20, milliseconds: 60_000 };

/** Everything on one port. The guard against web pages stands before all of it; each part asks for the token that it wants. */
export function createApp(parts: Parts): { fetch(request: Request): Response | Promise<Response> } {
  const { guard, logger } = parts;
  const app = new Hono();
  app.onError((error, context) => answerError(error, context, logger));
  app.notFound((context) => answerError(serverErrors.error('SERVER_NOT_FOUND', `nothing at ${context.req.path}`), context, logger));
  app.use(async (context, next) => {
    // A webhook comes from a forge that names this server as it likes; its HMAC is its proof.
    if (context.req.path !== '/hooks/push') guard.checkSender(context.req.raw.headers);
    await next();
    context.res.headers.set('x-content-type-options', 'nosniff');
  });
  app.get('/healthz', (context) => (parts.ready() ? context.text('ok\n') : context.text('starting\n', 503)));
  app.get('/metrics', async (context) => {
    guard.authorize(context.req.raw.headers, { area: 'log', verb: 'read' });
    return context.text(await parts.metrics());
  });
  app.post('/hooks/push', async (context) => {
    const body = await readBody(context.req.raw, webhookBody);
    return context.json(await parts.push(context.req.raw.headers, body), 202);
  });
  app.route('/', parts.registry);
  app.route('/', parts.log);
  app.route('/kubernetes', parts.kubernetes);
  app.route('/', parts.trust);
  app.route('/', parts.administration);
  return { fetch: (request) => app.fetch(liftToken(request)) };
}
