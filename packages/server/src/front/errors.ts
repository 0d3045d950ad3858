import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { Logger } from 'pino';
import { toErrorRecord } from '@colophon/core';

/** Answers an error as JSON: ours with its code and hint, anything else as an internal one whose text stays in the log. */
export function answerError(error: unknown, context: Context, logger: Logger): Response {
  const { details: _details, exit: _exit, status, ...record } = toErrorRecord(error);
  const code = status ?? 500;
  if (code === 401) context.header('www-authenticate', 'Basic realm="colophon"');
  // What is left of the body is not read.
  if (code === 413 || code === 408) context.header('connection', 'close');
  if (code < 500) return context.json({ error: record }, code as 400);
  const id = randomUUID();
  logger.error({ id, error: { ...record, stack: (error as Error).stack } }, 'a request failed');
  if (record.code !== 'CORE_INTERNAL') return context.json({ error: record, id }, code as 500);
  return context.json({ error: { code: record.code, message: 'an unexpected failure; the server log has more under the id' }, id }, 500);
}
