import { errorCode, isColophonError } from '@colophon/core';
import type { TaskRunEnd } from '@colophon/pipeline';

/** Ends an attempt with a reason that the run's status tells. */
export class Ended extends Error {
  readonly end: TaskRunEnd;
  /** No step was ever made ready: none is shown as ended. */
  readonly bare: boolean;

  constructor(end: TaskRunEnd, options: { bare?: boolean } = {}) {
    super(end.message);
    this.end = end;
    this.bare = options.bare === true;
  }
}

export function userError(message: string): Ended {
  return new Ended({ reason: 'TaskRunValidationFailed', message: `[User error] ${message}` }, { bare: true });
}

/** An error in words for a run's status. */
export function messageOf(error: unknown): string {
  if (isColophonError(error)) return error.message;
  return error instanceof Error ? `${errorCode(error) ?? error.name}: ${error.message}` : String(error);
}
