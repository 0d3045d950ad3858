/**
 * Why and when an attempt is to end before its steps do. The first reason wins, except that a run that is gone is gone
 * whatever was before.
 */
export class Stop {
  readonly #controller = new AbortController();
  #kind: 'cancelled' | 'timeout' | 'gone' | undefined;
  #message: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get kind(): 'cancelled' | 'timeout' | 'gone' | undefined {
    return this.#kind;
  }

  /** `spec.statusMessage` of the cancelled run. */
  get message(): string | undefined {
    return this.#message;
  }

  /** Somebody set `spec.status` to TaskRunCancelled. */
  cancel(message: string | undefined): void {
    if (this.#kind !== undefined) return;
    this.#message = message;
    this.#end('cancelled');
  }

  /** Ends the attempt at that moment (milliseconds since the epoch). */
  expireAt(moment: number): void {
    clearTimeout(this.#timer);
    const wait = moment - Date.now();
    if (wait <= 0) this.#expire();
    // setTimeout knows no longer waits: a run of more than 24 days looks again.
    else this.#timer = setTimeout(() => (wait > longest ? this.expireAt(moment) : this.#expire()), Math.min(wait, longest));
  }

  /** The run was deleted, or this process ends: nothing is to be written any more. */
  abandon(): void {
    this.#kind = 'gone';
    this.#end('gone');
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #expire(): void {
    if (this.#kind === undefined) this.#end('timeout');
  }

  #end(kind: NonNullable<Stop['kind']>): void {
    this.#kind = kind;
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}

const longest = 2 ** 31 - 1;
