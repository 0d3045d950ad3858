import type { Hono } from 'hono';
import { decodeBase64, parseJson } from '@colophon/core';
import { logErrors } from '../errors.ts';
import type { Log, SearchQuery } from '../log/log.ts';
import { readBody } from './body.ts';
import { failureOf } from './errors.ts';

const maxQuery = 1024 * 1024;

/** POST /api/v1/index/retrieve. Ours answers completely: entries are indexed before they are acknowledged. */
export function indexRoutes(app: Hono, log: Log, options: { onError: (error: unknown) => void }): void {
  app.post('/api/v1/index/retrieve', async (context) => {
    try {
      return context.json(await log.search(queryOf(parseJson(await readBody(context, maxQuery), 'the query'))));
    } catch (error) {
      return failureOf(context, error, options.onError);
    }
  });
}

function queryOf(value: unknown): SearchQuery {
  if (typeof value !== 'object' || value === null) throw invalid('the query is not an object');
  const { hash, publicKey, email, subject, operator } = value as Record<string, unknown>;
  if (!none(operator) && operator !== 'and' && operator !== 'or') throw unprocessable('operator should be one of [and or]');
  if (!none(email) && !/^[^\s@]{1,256}@[^\s@]{1,256}$/.test(String(email))) throw unprocessable('email must be of type email');
  if (!none(subject) && String(subject).length > 512) throw unprocessable('subject should be at most 512 chars long');
  return {
    ...(none(hash) ? {} : { hash: text(hash, 'hash') }),
    ...(none(publicKey) ? {} : { publicKey: publicKeyOf(publicKey) }),
    ...(none(email) ? {} : { email: text(email, 'email') }),
    ...(none(subject) ? {} : { subject: text(subject, 'subject') }),
    operator: operator === 'and' ? 'and' : 'or',
  };
}

function none(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw unprocessable(`${name} must be of type string`);
  return value;
}

function publicKeyOf(value: unknown): string {
  const { format, content } = value as Record<string, unknown>;
  if (format !== 'x509') throw invalid('the PKI format requested is not supported by this server');
  return decodeBase64(text(content, 'publicKey.content'), 'publicKey.content').toString('utf8');
}

function invalid(message: string): Error {
  return logErrors.error('LOG_QUERY_INVALID', message);
}

function unprocessable(message: string): Error {
  return logErrors.error('LOG_QUERY_INVALID', message, { status: 422 });
}
