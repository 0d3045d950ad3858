import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { parseJson, toErrorRecord } from '@colophon/core';
import type { Guard } from '../access/guard.ts';
import { scope, type TokenStore } from '../access/tokens.ts';
import { serverErrors } from '../errors.ts';
import type { StepImageProgress } from '../bootstrap/step-images.ts';
import { readBody } from './body.ts';

export interface Administration {
  readonly guard: Guard;
  readonly tokens: TokenStore;
  readonly makeStepImages: (onProgress: (event: StepImageProgress) => void) => Promise<Readonly<Record<string, string>>>;
  readonly values: () => Readonly<Record<string, string>>;
  readonly version: string;
}

const requestBody = { limit: 64 << 10, milliseconds: 10_000 };
const tokenRequest = z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), scopes: z.array(scope).min(1) });

/** What only an administrator may do. Long work answers with a JSON line for each step, the last one `{ result }` or `{ error }`. */
export function createAdministration({ guard, tokens, makeStepImages, values, version }: Administration): Hono {
  const app = new Hono();
  app.use('/colophon/v1/*', async (context, next) => {
    guard.authorize(context.req.raw.headers, { area: 'runs', verb: 'admin' });
    await next();
  });
  app.get('/colophon/v1/values', (context) => context.json(values()));
  app.get('/colophon/v1/version', (context) => context.json({ version, node: process.version }));
  app.get('/colophon/v1/tokens', (context) => context.json(tokens.list().map(({ name, subject, scopes }) => ({ name, subject, scopes }))));
  // The token's text is in this one answer and nowhere else: the server keeps its hash.
  app.post('/colophon/v1/tokens', async (context) => {
    const wanted = tokenRequest.safeParse(parseJson(await readBody(context.req.raw, requestBody), 'the request'));
    if (!wanted.success)
      throw serverErrors.error('SERVER_OPTION_INVALID', `not a token request: ${wanted.error.issues[0]?.message}`, { status: 400 });
    return context.json({ name: wanted.data.name, token: await tokens.issue(wanted.data.name, wanted.data.scopes) }, 201);
  });
  app.delete('/colophon/v1/tokens/:name', async (context) => {
    const name = context.req.param('name');
    if (!(await tokens.revoke(name))) throw serverErrors.error('SERVER_TOKEN_UNKNOWN', `there is no token ${JSON.stringify(name)}`);
    return context.json({ revoked: name });
  });
  app.post('/colophon/v1/step-images', (context) =>
    stream(context, async (out) => {
      context.header('content-type', 'application/x-ndjson');
      const line = (value: unknown) => out.write(`${JSON.stringify(value)}\n`);
      try {
        const result = await makeStepImages((event) => void line({ event }));
        await line({ result });
      } catch (error) {
        await line({ error: toErrorRecord(error) });
      }
    }),
  );
  return app;
}
