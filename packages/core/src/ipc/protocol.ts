import type { ErrorRecord } from '../errors/error.ts';

/** What the client writes, a line each. */
export type Request =
  | { readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly id: number; readonly cancel: true };

/** What the server writes, a line each: any number of events, then one result or error. */
export type Reply =
  | { readonly id: number; readonly event: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorRecord };
