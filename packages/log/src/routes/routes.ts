import { Hono } from 'hono';
import type { Log } from '../log/log.ts';
import { entryRoutes } from './entries.ts';
import { indexRoutes } from './index-search.ts';
import { treeRoutes } from './tree.ts';

export interface LogRouteOptions {
  /** Bytes of a request that proposes entries; default 48 MiB: an attestation of 16 MiB in base64 twice, in JSON, is 28.5. */
  readonly maxBody?: number;
  /** Failures that are ours, not the client's. Default: a line on standard error. */
  readonly onError?: (error: unknown) => void;
}

/**
 * The Rekor v1 API of a log, at its usual paths, and its tiles. It checks no token: what may be written by whom is decided
 * before a request gets here.
 */
export function createLogRoutes(log: Log, options: LogRouteOptions = {}): Hono {
  const app = new Hono();
  const onError = options.onError ?? ((error: unknown) => void process.stderr.write(`log: ${String(error)}\n`));
  entryRoutes(app, log, { maxBody: options.maxBody ?? 48 * 1024 * 1024, onError });
  indexRoutes(app, log, { onError });
  treeRoutes(app, log, { onError });
  return app;
}
