import type { Context } from 'hono';
import { isColophonError, wrap } from '@colophon/core';

type Status = 400 | 404 | 409 | 413 | 422 | 500 | 501 | 503;

/** Rekor's error body; `code` beyond 600 is go-openapi's validation error, sent with status 422. */
export function failure(context: Context, code: number, message: string): Response {
  return context.json({ code, message }, (code >= 600 ? 422 : code) as Status);
}

/** Answers for what a handler threw. What is ours to know stays here: an unexpected failure says no more than that. */
export function failureOf(context: Context, error: unknown, onError: (error: unknown) => void): Response {
  const known = wrap(error, 'CORE_INTERNAL', 'unexpected failure');
  if (known.status >= 500) {
    if (!isColophonError(error) || known.status === 500) onError(error);
    if (known.status === 503) context.header('Retry-After', '1');
    const message = known.status === 503 ? known.message : 'unexpected result from transparency log';
    return failure(context, known.status, message);
  }
  // Rekor's 404 has no body.
  if (known.status === 404) return context.body(null, 404);
  return failure(context, known.status, known.message);
}
