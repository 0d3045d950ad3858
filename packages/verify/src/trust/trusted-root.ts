import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { decodeBase64, parseJson } from '@colophon/core';
import { z } from 'zod';
import { verifyErrors } from '../errors.ts';

/** Milliseconds since 1970; open at the end if there is none. A start that is missing makes the whole entry unusable. */
export interface Validity {
  readonly start: number;
  readonly end: number;
}

export interface TrustedLog {
  readonly baseUrl: string;
  /** How entries and SCTs name the log. */
  readonly logId: Buffer;
  readonly key: KeyObject;
  readonly validity: Validity;
}

export interface TrustedAuthority {
  readonly uri: string;
  /** Issuer of leaves first (for a timestamp authority: the leaf first), root last. */
  readonly certificates: readonly X509Certificate[];
  readonly validity: Validity;
}

/** Trusted root of Sigstore, sigstore_trustroot.proto, version 0.1 and 0.2. */
export interface TrustedRoot {
  readonly tlogs: readonly TrustedLog[];
  readonly ctlogs: readonly TrustedLog[];
  readonly certificateAuthorities: readonly TrustedAuthority[];
  readonly timestampAuthorities: readonly TrustedAuthority[];
}

const validFor = z.object({ start: z.string().optional(), end: z.string().optional() }).optional();
const logSchema = z.object({
  baseUrl: z.string().default(''),
  publicKey: z.object({ rawBytes: z.string(), keyDetails: z.string().optional(), validFor }),
  logId: z.object({ keyId: z.string() }),
});
const authoritySchema = z.object({
  uri: z.string().default(''),
  certChain: z.object({
    certificates: z
      .array(z.object({ rawBytes: z.string() }))
      .min(1)
      .max(10),
  }),
  validFor,
});
const list = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .array(schema)
    .max(100)
    .nullish()
    .transform((items) => items ?? []);
const rootSchema = z.object({
  mediaType: z.string().regex(/^application\/vnd\.dev\.sigstore\.trustedroot(\+json;version=0\.[12]|\.v0\.[12]\+json)$/),
  tlogs: list(logSchema),
  ctlogs: list(logSchema),
  certificateAuthorities: list(authoritySchema),
  timestampAuthorities: list(authoritySchema),
});

/** Throws VERIFY_TRUST_INVALID. */
export function parseTrustedRoot(data: Uint8Array | string): TrustedRoot {
  try {
    const root = rootSchema.parse(parseJson(data, 'the trusted root'));
    return {
      tlogs: root.tlogs.map(readLog),
      ctlogs: root.ctlogs.map(readLog),
      certificateAuthorities: root.certificateAuthorities.map(readAuthority),
      timestampAuthorities: root.timestampAuthorities.map(readAuthority),
    };
  } catch (cause) {
    throw verifyErrors.error('VERIFY_TRUST_INVALID', `the trusted root cannot be read: ${(cause as Error).message.slice(0, 300)}`, {
      cause,
    });
  }
}

function readLog({ baseUrl, publicKey, logId }: z.infer<typeof logSchema>): TrustedLog {
  const der = decodeBase64(publicKey.rawBytes, 'a key of the trusted root');
  const pkcs1 = publicKey.keyDetails?.startsWith('PKCS1_') === true;
  return {
    baseUrl,
    logId: decodeBase64(logId.keyId, 'a log id of the trusted root'),
    key: createPublicKey({ key: der, format: 'der', type: pkcs1 ? 'pkcs1' : 'spki' }),
    validity: readValidity(publicKey.validFor),
  };
}

function readAuthority({ uri, certChain, validFor }: z.infer<typeof authoritySchema>): TrustedAuthority {
  return {
    uri,
    certificates: certChain.certificates.map(
      ({ rawBytes }) => new X509Certificate(decodeBase64(rawBytes, 'a certificate of the trusted root')),
    ),
    validity: readValidity(validFor),
  };
}

function readValidity(period: { start?: string | undefined; end?: string | undefined } | undefined): Validity {
  const start = period?.start === undefined ? NaN : Date.parse(period.start);
  const end = period?.end === undefined ? Infinity : Date.parse(period.end);
  return { start, end: Number.isNaN(end) ? -Infinity : end };
}

/** False for a period without a start: what was never begun is not trusted. */
export function isValidAt({ start, end }: Validity, time: number): boolean {
  return time >= start && time <= end;
}
