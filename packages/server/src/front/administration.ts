import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { toErrorRecord } from '@colophon/core';
import type { Guard } from '../access/guard.ts';
import type { StepImageProgress } from '../bootstrap/step-images.ts';

export interface Administration {
  readonly guard: Guard;
  readonly makeStepImages: (onProgress: (event: StepImageProgress) => void) => Promise<Readonly<Record<string, string>>>;
  readonly values: () => Readonly<Record<string, string>>;
  readonly version: string;
}

/** What only an administrator may do. Long work answers with a JSON line for each step, the last one `{ result }` or `{ error }`. */
export function createAdministration({ guard, makeStepImages, values, version }: Administration): Hono {
  const app = new Hono();
  app.use('/colophon/v1/*', async (context, next) => {
    guard.authorize(context.req.raw.headers, { area: 'runs', verb: 'admin' });
    await next();
  });
  app.get('/colophon/v1/values', (context) => context.json(values()));
  app.get('/colophon/v1/version', (context) => context.json({ version, node: process.version }));
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
