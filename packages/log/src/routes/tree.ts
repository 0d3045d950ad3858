import type { Hono } from 'hono';
import type { Log } from '../log/log.ts';
import { failure, failureOf } from './errors.ts';

/** The tree: head, consistency, key; and the same tree as C2SP tlog-tiles under /api/v1/log/tiles. */
export function treeRoutes(app: Hono, log: Log, options: { onError: (error: unknown) => void }): void {
  app.get('/api/v1/log', (context) => context.json(log.info()));

  app.get('/api/v1/log/publicKey', (context) => {
    const problem = treeIdProblem(log, context.req.query('treeID'));
    if (problem !== undefined) return failure(context, problem.code, problem.message);
    return context.body(log.identity.publicKeyPem, 200, { 'Content-Type': 'application/x-pem-file' });
  });

  app.get('/api/v1/log/proof', async (context) => {
    const problem = treeIdProblem(log, context.req.query('treeID'));
    if (problem !== undefined) return failure(context, problem.code, problem.message);
    const last = context.req.query('lastSize');
    if (last === undefined || last === '') return failure(context, 602, 'lastSize in query is required');
    const sizes = [context.req.query('firstSize') ?? '1', last];
    for (const [at, name] of ['firstSize', 'lastSize'].entries()) {
      if (!/^-?[0-9]{1,15}$/.test(sizes[at] as string)) return failure(context, 601, `${name} in query must be of type int64`);
      if (Number(sizes[at]) < 1) return failure(context, 606, `${name} in query should be greater than or equal to 1`);
    }
    const [firstSize, lastSize] = sizes.map(Number) as [number, number];
    if (firstSize > lastSize) return failure(context, 400, `firstSize(${firstSize}) must be less than lastSize(${lastSize})`);
    try {
      return context.json(await log.consistencyProof(firstSize, lastSize));
    } catch (error) {
      return failureOf(context, error, options.onError);
    }
  });

  app.get('/api/v1/log/tiles/checkpoint', (context) =>
    context.body(log.head.checkpoint, 200, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' }),
  );

  app.get('/api/v1/log/tiles/tile/*', async (context) => {
    try {
      const path = context.req.path.slice('/api/v1/log/tiles/tile/'.length);
      const data = await log.tile(path);
      if (data === undefined) return context.body(null, 404);
      // Tiles never change once they are there (tlog-tiles, "Merkle Tree").
      return context.body(new Uint8Array(data), 200, {
        'Content-Type': 'application/octet-stream',
        'Cache-Control': 'public, max-age=31536000, immutable',
      });
    } catch (error) {
      return failureOf(context, error, options.onError);
    }
  });
}

function treeIdProblem(log: Log, treeId: string | undefined): { code: number; message: string } | undefined {
  if (treeId === undefined || treeId === '') return undefined;
  if (!/^[0-9]+$/.test(treeId)) return { code: 605, message: "treeID in query should match '^[0-9]+$'" };
  if (treeId === String(log.identity.treeId)) return undefined;
  return { code: 400, message: `log range not found with tree ID ${treeId.slice(0, 40)}` };
}
