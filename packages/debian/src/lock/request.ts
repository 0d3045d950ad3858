import { z } from 'zod';
import { debianErrors } from '../errors.ts';

const suiteRequest = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9./_-]*$/)
    .max(100),
  archive: z.enum(['archive', 'security']).optional(),
  components: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9.-]*$/))
    .min(1)
    .optional(),
});

/**
 * What `colophon lock` reads (YAML, parsed by the caller): docs/debian.md, "The request". Addresses of mirrors are not
 * part of it: they belong to the machine.
 */
export const lockRequestSchema = z.strictObject({
  version: z.literal(1),
  /** A name alone means component main; `…-security` and `…/updates` are looked for in the security archive. */
  suites: z.array(z.union([suiteRequest.shape.name, suiteRequest])).min(1),
  architecture: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  mode: z.enum(['closure', 'explicit']).default('closure'),
  packages: z.array(z.string()).min(1),
  pins: z.array(z.strictObject({ package: z.string(), suite: z.string().optional(), version: z.string().optional() })).optional(),
  /** Keyring files; default: the Debian archive keyrings of the machine. */
  keyrings: z.array(z.string()).min(1).optional(),
});

export type LockRequestInput = z.input<typeof lockRequestSchema>;

export interface SuiteRequest {
  readonly name: string;
  readonly archive: 'archive' | 'security';
  readonly components: readonly string[];
}

export interface LockRequest {
  readonly suites: readonly SuiteRequest[];
  readonly architecture: string;
  readonly mode: 'closure' | 'explicit';
  readonly packages: readonly string[];
  readonly pins: readonly { readonly package: string; readonly suite?: string; readonly version?: string }[];
  readonly keyrings?: readonly string[];
}

/** Checks a request and fills in what it leaves out. Throws DEBIAN_REQUEST_INVALID. */
export function parseLockRequest(value: unknown): LockRequest {
  const result = lockRequestSchema.safeParse(value);
  if (!result.success)
    throw debianErrors.error('DEBIAN_REQUEST_INVALID', `the lock request is not valid: ${z.prettifyError(result.error)}`);
  const { suites, architecture, mode, packages, pins, keyrings } = result.data;
  return {
    suites: suites.map(suiteOf),
    architecture,
    mode,
    packages,
    pins: (pins ?? []).map(({ package: name, suite, version }) => ({
      package: name,
      ...(suite === undefined ? {} : { suite }),
      ...(version === undefined ? {} : { version }),
    })),
    ...(keyrings === undefined ? {} : { keyrings }),
  };
}

/** A suite as a name alone or with its particulars. */
export function suiteOf(suite: string | z.infer<typeof suiteRequest> | SuiteRequest): SuiteRequest {
  const { name, archive, components } =
    typeof suite === 'string' ? { name: suite } : { archive: undefined, components: undefined, ...suite };
  return {
    name,
    archive: archive ?? (/(?:-security|\/updates)$/.test(name) ? 'security' : 'archive'),
    components: components ?? ['main'],
  };
}
