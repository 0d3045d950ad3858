import { readFile } from 'node:fs/promises';
import { parseJson } from '@colophon/core';
import { z } from 'zod';
import { verifyErrors } from '../errors.ts';
import type { Expectations } from './expectations.ts';

const hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits');

const distrustSchema = z
  .strictObject({
    /** SHA-256 of the signer's SPKI. */
    key: digest.optional(),
    /** A subject alternative name of the signer's certificate. */
    identity: z.string().min(1).optional(),
    /** The log in which the index counts, by its id; any log if it is not given. */
    log: hex.optional(),
    /** Entries after this index are not believed. */
    notAfterLogIndex: z.int().min(0).optional(),
    /** Signatures made after this time are not believed. RFC 3339. */
    notAfter: z.iso.datetime({ offset: true }).optional(),
    reason: z.string().max(1000).optional(),
  })
  .refine(({ key, identity }) => (key === undefined) !== (identity === undefined), 'a distrust rule names a key or an identity');

const identitySchema = z
  .strictObject({
    subject: z.string().min(1).optional(),
    subjectPattern: z.string().min(1).max(1000).optional(),
    issuer: z.string().min(1).optional(),
  })
  .refine(
    ({ subject, subjectPattern }) => subject !== undefined || subjectPattern !== undefined,
    'an identity names a subject or a subjectPattern',
  );

const policySchema = z.strictObject({
  version: z.literal(1),
  /** PEM texts or paths, relative to the policy file. */
  keys: z.array(z.string().min(1)).max(100).default([]),
  /** Paths of trusted roots, relative to the policy file. */
  trustedRoots: z.array(z.string().min(1)).max(20).default([]),
  require: z
    .strictObject({
      /** A verified log entry. `proof`: with inclusion proof and checkpoint, so that a promise alone (legacy) is not enough. */
      transparency: z.enum(['proof', 'entry', 'none']).default('entry'),
      /** A verified RFC 3161 timestamp. */
      timestamp: z.boolean().default(false),
    })
    .prefault({}),
  /** How many different signers must each have a candidate that passes. */
  threshold: z.int().min(1).max(100).default(1),
  expect: z
    .strictObject({
      predicateTypes: z.array(z.string().min(1)).min(1).optional(),
      builderId: z.string().min(1).optional(),
      sourceUri: z.string().min(1).optional(),
      sourceCommit: z
        .string()
        .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
        .optional(),
      identity: identitySchema.optional(),
    })
    .prefault({}),
  distrust: z.array(distrustSchema).max(1000).default([]),
});

export type DistrustRule = z.infer<typeof distrustSchema>;

export interface Policy {
  readonly keys: readonly string[];
  readonly trustedRoots: readonly string[];
  readonly require: { readonly transparency: 'proof' | 'entry' | 'none'; readonly timestamp: boolean };
  readonly threshold: number;
  readonly expect: Expectations;
  readonly distrust: readonly DistrustRule[];
}

export const defaultPolicy: Policy = {
  keys: [],
  trustedRoots: [],
  require: { transparency: 'entry', timestamp: false },
  threshold: 1,
  expect: {},
  distrust: [],
};

/** Checks the content of a policy file. Unknown members are refused: a rule that is misspelt must not be a rule that is not there. Throws VERIFY_POLICY_INVALID. */
export function parsePolicy(value: unknown): Policy {
  const result = policySchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw verifyErrors.error('VERIFY_POLICY_INVALID', `policy: ${issue?.path.join('.') || 'the document'}: ${issue?.message}`);
  }
  const { version: _, ...policy } = result.data;
  return policy as Policy;
}

/** Reads a policy file with the parser given (YAML's, say); default JSON, which is YAML too. Throws VERIFY_POLICY_INVALID. */
export async function readPolicy(path: string, parse: (text: string) => unknown = (text) => parseJson(text, path)): Promise<Policy> {
  let value: unknown;
  try {
    value = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw verifyErrors.error('VERIFY_POLICY_INVALID', `the policy ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return parsePolicy(value);
}
