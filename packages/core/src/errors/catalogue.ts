import { ColophonError, type ErrorOptions } from './error.ts';

/**
 * What a failure means to the caller of a command. Anything that is not proven is not a success, so every
 * class has a non-zero exit code.
 */
export const exitCodes = {
  error: 1,
  usage: 2,
  'not-found': 3,
  auth: 4,
  policy: 5,
  invalid: 6,
  timeout: 7,
  pending: 8,
  cancelled: 130,
} as const;

export type ExitClass = keyof typeof exitCodes;

/** One line of the error catalogue; docs/errors.md is generated from these. */
export interface ErrorEntry {
  /** What happened, in general: one sentence without a full stop. */
  readonly summary: string;
  /** What to do about it, unless the place that throws knows better. */
  readonly hint?: string;
  /** Default: `error` (1). */
  readonly exit?: ExitClass;
  /** HTTP status where the error answers a request. Default: 500. */
  readonly status?: number;
}

export interface Catalogue<Code extends string> {
  readonly entries: Readonly<Record<Code, ErrorEntry>>;
  /** Makes (does not throw) an error of this catalogue; `message` says what happened in this case. */
  error(code: Code, message: string, options?: ErrorOptions): ColophonError;
}

/**
 * Declares a room's errors. Codes are stable and start with the room's name in capitals: `OCI_DIGEST_MISMATCH`.
 */
export function catalogue<const Entries extends Readonly<Record<string, ErrorEntry>>>(entries: Entries): Catalogue<keyof Entries & string> {
  return Object.freeze({
    entries,
    error(code: keyof Entries & string, message: string, options: ErrorOptions = {}) {
      const entry: ErrorEntry = entries[code] as ErrorEntry;
      return new ColophonError(code, message, {
        ...(entry.hint === undefined ? {} : { hint: entry.hint }),
        exit: exitCodes[entry.exit ?? 'error'],
        status: entry.status ?? 500,
        ...options,
      });
    },
  });
}
