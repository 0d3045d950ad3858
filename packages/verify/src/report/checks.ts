import { isColophonError } from '@colophon/core';
import { verifyErrors } from '../errors.ts';

export type CheckName =
  | 'format'
  | 'key'
  | 'certificate'
  | 'certificate-transparency'
  | 'identity'
  | 'signature'
  | 'log-entry'
  | 'entry-timestamp'
  | 'inclusion'
  | 'checkpoint'
  | 'timestamp'
  | 'time'
  | 'subject'
  | 'predicate-type'
  | 'builder'
  | 'source'
  | 'distrust';

export interface Check {
  readonly name: CheckName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly message: string;
  readonly expected?: unknown;
  readonly found?: unknown;
}

export interface Finding<Value> {
  readonly message: string;
  readonly expected?: unknown;
  readonly found?: unknown;
  readonly value: Value;
}

/** The checks of one candidate, in the order in which they were made. Whatever a check throws is a failed check, never a lost one. */
export class Checks {
  readonly #list: Check[] = [];

  get list(): readonly Check[] {
    return this.#list;
  }

  /** Something passed and nothing failed. */
  get passed(): boolean {
    return this.#list.some(({ outcome }) => outcome === 'passed') && this.firstFailure === undefined;
  }

  get firstFailure(): Check | undefined {
    return this.#list.find(({ outcome }) => outcome === 'failed');
  }

  /** The value that the check found, or undefined after a failure: what depends on it must not go on. */
  run<Value>(name: CheckName, check: () => Finding<Value>): Value | undefined {
    try {
      const { value, message, expected, found } = check();
      this.#list.push({ name, outcome: 'passed', message, ...defined({ expected, found }) });
      return value;
    } catch (error) {
      const { expected, found } = isColophonError(error) ? (error.details ?? {}) : {};
      this.#list.push({
        name,
        outcome: 'failed',
        message: error instanceof Error ? error.message : String(error),
        ...defined({ expected, found }),
      });
      return undefined;
    }
  }

  skip(name: CheckName, message: string): void {
    this.#list.push({ name, outcome: 'skipped', message });
  }
}

function defined(fields: { expected: unknown; found: unknown }): { expected?: unknown; found?: unknown } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** What a check throws: what is wrong, what should be, what is. */
export function failed(message: string, expected?: unknown, found?: unknown): Error {
  return verifyErrors.error('VERIFY_CHECK_FAILED', message, { details: { expected, found } });
}
