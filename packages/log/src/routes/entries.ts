import type { Hono } from 'hono';
import { isColophonError, parseJson } from '@colophon/core';
import { logErrors } from '../errors.ts';
import type { Log } from '../log/log.ts';
import { hashLeaf } from '../merkle/hash.ts';
import { readBody } from './body.ts';
import { failure, failureOf } from './errors.ts';

const path = '/api/v1/log/entries';
const idPattern = /^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$/;
const maxQueries = 10;

/** Adding and reading entries, Rekor v1 (openapi.yaml of rekor v1.5.4). */
export function entryRoutes(app: Hono, log: Log, options: { maxBody: number; onError: (error: unknown) => void }): void {
  app.post(path, async (context) => {
    try {
      const { uuid, entry, existed } = await log.appendJson(await readBody(context, options.maxBody));
      context.header('Location', `${path}/${uuid}`);
      if (existed) return failure(context, 409, `an equivalent entry already exists in the transparency log with UUID ${uuid}`);
      context.header('ETag', uuid);
      return context.json({ [uuid]: entry }, 201);
    } catch (error) {
      if (isColophonError(error) && error.status === 400) return failure(context, 400, `error processing entry: ${error.message}`);
      return failureOf(context, error, options.onError);
    }
  });

  app.get(path, async (context) => {
    const text = context.req.query('logIndex');
    if (text === undefined || text === '') return failure(context, 602, 'logIndex in query is required');
    if (!/^-?[0-9]{1,19}$/.test(text))
      return failure(context, 601, `logIndex in query must be of type int64: ${JSON.stringify(text.slice(0, 40))}`);
    if (text.startsWith('-')) return failure(context, 606, 'logIndex in query should be greater than or equal to 0');
    const index = Number(text);
    if (!Number.isSafeInteger(index)) return context.body(null, 404);
    return one(index);

    async function one(which: number): Promise<Response> {
      try {
        const { uuid, entry } = await log.get(which);
        return context.json({ [uuid]: entry });
      } catch (error) {
        return failureOf(context, error, options.onError);
      }
    }
  });

  app.get(`${path}/:id`, async (context) => {
    const id = context.req.param('id');
    if (!idPattern.test(id)) return failure(context, 605, `entryUUID in path should match '${idPattern.source}'`);
    if (id.length === 80 && /^0{16}/.test(id)) return failure(context, 400, 'validation error: 0 is not a valid TreeID');
    try {
      const { uuid, entry } = await log.get(id);
      return context.json({ [uuid]: entry });
    } catch (error) {
      return failureOf(context, error, options.onError);
    }
  });

  app.post(`${path}/retrieve`, async (context) => {
    try {
      const queries = retrieveQueries(parseJson(await readBody(context, options.maxBody), 'the query'));
      const found: object[] = [];
      for (const query of queries) {
        const which =
          typeof query === 'object' ? hashLeaf((await log.canonicalize(Buffer.from(JSON.stringify(query)))).body).toString('hex') : query;
        const answer = await log.get(which).catch(missing);
        if (answer !== undefined) found.push({ [answer.uuid]: answer.entry });
      }
      return context.json(found);
    } catch (error) {
      return failureOf(context, error, options.onError);
    }
  });
}

function missing(error: unknown): undefined {
  if (isColophonError(error) && error.code === 'LOG_NOT_FOUND') return undefined;
  throw error;
}

/** Lists may be missing or null (rekor-cli sends nulls); together at most ten questions. Throws LOG_QUERY_INVALID. */
function retrieveQueries(value: unknown): (string | number | object)[] {
  if (typeof value !== 'object' || value === null) throw logErrors.error('LOG_QUERY_INVALID', 'the query is not an object');
  const { entryUUIDs, entries, logIndexes } = value as Record<string, unknown>;
  const queries = [...list(entryUUIDs, 'entryUUIDs'), ...list(entries, 'entries'), ...list(logIndexes, 'logIndexes')];
  if (queries.length > maxQueries) throw unprocessable(`more than max allowed ${maxQueries} entries in request`);
  for (const id of list(entryUUIDs, 'entryUUIDs')) {
    if (typeof id !== 'string' || !idPattern.test(id)) throw unprocessable(`entryUUIDs should match '${idPattern.source}'`);
    if (id.length === 80 && /^0{16}/.test(id)) throw logErrors.error('LOG_QUERY_INVALID', `invalid entryID ${id}`);
  }
  for (const index of list(logIndexes, 'logIndexes')) {
    if (!Number.isSafeInteger(index) || (index as number) < 0) throw unprocessable('logIndexes should be greater than or equal to 0');
  }
  for (const entry of list(entries, 'entries')) {
    if (typeof entry !== 'object' || entry === null) throw unprocessable('entries should be objects');
  }
  return queries as (string | number | object)[];
}

function list(value: unknown, name: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw unprocessable(`${name} should be an array`);
  return value;
}

function unprocessable(message: string): Error {
  return logErrors.error('LOG_QUERY_INVALID', message, { status: 422 });
}
