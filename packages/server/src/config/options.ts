import { z } from 'zod';
import { serverErrors } from '../errors.ts';

/** What `colophon server` can be told. Every member has a command-line option of the same name. */
export const serverOptions = z.strictObject({
  data: z.string(),
  host: z.string().default('127.0.0.1'),
  /** 0: any free port. */
  port: z.int().min(0).max(65_535).default(7120),
  /** As clients see the server; builder.id and the log's origin come from it. Default: http://HOST:PORT. */
  publicUrl: z.url().optional(),
  /** PEM files; with both, the port speaks TLS. */
  tlsCertificate: z.string().optional(),
  tlsKey: z.string().optional(),
  /** Who may read the registry and the log without a token. Runs, their logs and secrets always need one. */
  read: z.enum(['open', 'token']).default('open'),
  /** Protocols that a run's source may use besides https and ssh. */
  allowSource: z.array(z.enum(['http', 'file'])).default([]),
  /** With `file`: the folders whose repositories may be read. */
  sourceRoots: z.array(z.string()).default([]),
  /** TaskRuns at a time. Default: the number of processors. */
  parallelTasks: z.int().min(1).max(1024).optional(),
  /** Base URLs of Debian mirrors; default: the machine's apt sources. */
  mirrors: z.object({ archive: z.string().optional(), security: z.string().optional() }).default({}),
  /** Provenance formats written besides Colophon's own: `slsa/v1`, `slsa/v2alpha4`, … */
  chainsFormats: z.array(z.string()).default([]),
  /** Storage of attestations: cosign 2's tags, OCI 1.1 referrers, or both. */
  storage: z.array(z.enum(['legacy', 'referrers'])).default(['legacy', 'referrers']),
  passwordFile: z.string().optional(),
  /** Folder of the step images' specifications and locks, and of the command's own package: set by the command. */
  images: z.string().default(''),
  program: z.string().default(''),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

export type ServerOptions = z.output<typeof serverOptions>;
export type ServerOptionsInput = z.input<typeof serverOptions>;

export function parseServerOptions(input: unknown): ServerOptions {
  const result = serverOptions.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw serverErrors.error('SERVER_OPTION_INVALID', `${issue?.path.join('.') ?? 'options'}: ${issue?.message ?? 'invalid'}`);
}
