import { redact } from './redact.ts';

export interface ErrorOptions {
  /** What the reader can do about it: a full sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Facts for programs (expected, found, path, ...); printed with `--output json`. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Process exit code; the catalogue gives it. */
  readonly exit?: number;
  /** HTTP status; the catalogue gives it. */
  readonly status?: number;
}

/** The form in which an error crosses a process boundary or is printed as JSON. */
export interface ErrorRecord {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly exit?: number;
  readonly status?: number;
}

/** The one error class: a stable code, what happened, and a hint that helps. Secrets in the text are redacted. */
export class ColophonError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly exit: number;
  readonly status: number;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ColophonError';
    this.code = code;
    this.hint = options.hint === undefined ? undefined : redact(options.hint);
    this.details = options.details;
    this.exit = options.exit ?? 1;
    this.status = options.status ?? 500;
  }

  static fromRecord(record: ErrorRecord): ColophonError {
    const { code, message, ...options } = record;
    return new ColophonError(code, message, options);
  }
}

export function isColophonError(error: unknown): error is ColophonError {
  return error instanceof ColophonError;
}

/** The code of an error of ours or of Node's (`ENOENT`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Passes an error of ours through; wraps anything else under `code` and keeps it as the cause. */
export function wrap(error: unknown, code: string, message: string): ColophonError {
  if (isColophonError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ColophonError(code, `${message}: ${reason}`, { cause: error });
}

export function toErrorRecord(error: unknown): ErrorRecord {
  const known = wrap(error, 'CORE_INTERNAL', 'unexpected failure');
  return {
    code: known.code,
    message: known.message,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    ...(known.details === undefined ? {} : { details: known.details }),
    exit: known.exit,
    status: known.status,
  };
}
