import { canonicalJsonBytes, digestOf, parseJson, type Digest } from '@colophon/core';
import { z } from 'zod';
import { safeArchivePath } from '../deb/path.ts';
import { debianErrors } from '../errors.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
const size = z.int().nonnegative();
const time = z.iso.datetime();
const word = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+:~/_-]*$/)
  .max(200);
const path = z.string().refine(isSafe, 'must be a relative path of plain segments');

function isSafe(text: string): boolean {
  try {
    return safeArchivePath(text) === text;
  } catch {
    return false;
  }
}

const lockedIndex = z.strictObject({
  component: word,
  /** Relative to the archive's root; the compressed file. */
  path,
  size,
  sha256,
  /** Of the decompressed index. */
  plain: z.strictObject({ size, sha256 }),
});

const lockedSuite = z.strictObject({
  name: word,
  /** Which archive holds it: that of the suites, or that of the security suites. Never an address. */
  archive: z.enum(['archive', 'security']),
  origin: z.string().max(200),
  suite: z.string().max(200),
  codename: z.string().max(200),
  components: z.array(word).min(1),
  inRelease: z.strictObject({
    path,
    size,
    sha256,
    date: time,
    validUntil: time.optional(),
    /** Fingerprints of the trusted keys whose signature was good. */
    signedBy: z.array(z.string().regex(/^[0-9A-F]{40}(?:[0-9A-F]{24})?$/)).min(1),
  }),
  indices: z.array(lockedIndex).min(1),
});

const lockedPackage = z.strictObject({
  name: word,
  version: word,
  architecture: word,
  source: word,
  sourceVersion: word,
  suite: word,
  component: word,
  /** Relative to the archive's root: `pool/…`. */
  path,
  size,
  sha256,
  why: z.array(z.string().max(10_000)).min(1),
  /** Dependencies that no locked package satisfies: `Depends libgcc-s1`. */
  unmet: z.array(z.string().max(10_000)).optional(),
});

export const lockSchema = z.strictObject({
  version: z.literal(1),
  /** The newest date of the suites: SOURCE_DATE_EPOCH of what is built from the lock. */
  snapshot: time,
  architecture: word,
  mode: z.enum(['closure', 'explicit']),
  /** What was asked for. */
  request: z.array(z.string().max(500)).min(1),
  suites: z.array(lockedSuite).min(1),
  packages: z.array(lockedPackage).min(1).max(100_000),
});

/** Exact inputs of an image, bound to what Debian signed: docs/debian.md. Holds no address and no time of its making. */
export type Lock = z.infer<typeof lockSchema>;
export type LockedSuite = Lock['suites'][number];
export type LockedPackage = Lock['packages'][number];

/** Parses and checks a lock that a stranger may have written. Throws DEBIAN_LOCK_INVALID. */
export function parseLock(data: Uint8Array | string): Lock {
  return checkLock(parseJson(data, 'the lock'));
}

export function checkLock(value: unknown): Lock {
  const result = lockSchema.safeParse(value);
  if (!result.success) throw debianErrors.error('DEBIAN_LOCK_INVALID', `the lock is not valid: ${z.prettifyError(result.error)}`);
  const lock = result.data;
  const invalid = (why: string) => debianErrors.error('DEBIAN_LOCK_INVALID', `the lock is not valid: ${why}`);
  const suites = new Set(lock.suites.map(({ name }) => name));
  if (suites.size !== lock.suites.length) throw invalid('a suite is there twice');
  const names = new Set<string>();
  const files = new Set<string>();
  for (const { name, suite, path: file } of lock.packages) {
    // The packages of a lock are laid into one folder by file name: two of one name would be one.
    const base = file.slice(file.lastIndexOf('/') + 1);
    if (!base.endsWith('.deb') || files.has(base)) throw invalid(`the file name ${base} is none of a package, or is there twice`);
    files.add(base);
    if (names.has(name)) throw invalid(`package ${name} is there twice`);
    names.add(name);
    if (!suites.has(suite)) throw invalid(`package ${name} is of suite ${suite}, which the lock does not name`);
  }
  return lock;
}

/** SHA-256 of the lock's canonical JSON (RFC 8785): the same however the file is laid out. */
export function lockDigest(lock: Lock): Digest {
  return digestOf(canonicalJsonBytes(checkLock(lock)));
}

/** The lock as it is kept in a file: fixed order of members, two spaces, a newline at the end. */
export function formatLock(lock: Lock): string {
  return `${JSON.stringify(checkLock(lock), null, 2)}\n`;
}
