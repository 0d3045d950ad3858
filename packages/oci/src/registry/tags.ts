import type { Digest } from '@colophon/core';
import type { Database, Statement } from '@colophon/store';
import { ociErrors } from '../errors.ts';
import type { ExpectedTag, Registry } from './types.ts';

/** Tags that stay where they are once they are set. */
export type Immutable = (repository: string, tag: string) => boolean;

export interface TagMove {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly pusher: string;
  readonly now: string;
}

/** Moves a tag in one transaction with `before`. OCI_TAG_MOVED, OCI_TAG_IMMUTABLE. */
export async function moveTag(
  database: Database,
  move: TagMove,
  expected: ExpectedTag | undefined,
  immutable: Immutable,
  before: readonly Statement[],
): Promise<void> {
  const { repository, tag, digest, pusher, now } = move;
  const values = [repository, tag, digest, pusher, now];
  const fixed = immutable(repository, tag);
  const from = fixed && expected === undefined ? { digest: undefined } : expected;
  if (from !== undefined) {
    // Looked at first, so that one who comes late leaves no manifest without a name; the statement below decides.
    const current = await where(database, repository, tag);
    if (current === digest) return void (await database.batch(before));
    if (current !== from.digest || (fixed && current !== undefined)) throw refusal(move, fixed);
  }
  const statement: Statement =
    from === undefined
      ? { sql: 'INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?)', params: values }
      : from.digest === undefined
        ? { sql: 'INSERT OR IGNORE INTO tags VALUES (?, ?, ?, ?, ?)', params: values }
        : {
            sql: 'UPDATE tags SET digest = ?3, pushed_by = ?4, pushed_at = ?5 WHERE repository = ?1 AND tag = ?2 AND digest = ?6',
            params: [...values, from.digest],
          };
  const results = await database.batch([...before, statement]);
  if (results.at(-1)?.changes === 0 && (await where(database, repository, tag)) !== digest) throw refusal(move, fixed);
}

async function where(database: Database, repository: string, tag: string): Promise<string | undefined> {
  return (await database.get<{ digest: string }>('SELECT digest FROM tags WHERE repository = ? AND tag = ?', [repository, tag]))?.digest;
}

function refusal({ repository, tag }: TagMove, fixed: boolean): Error {
  return fixed
    ? ociErrors.error('OCI_TAG_IMMUTABLE', `${repository}:${tag} may not be moved`)
    : ociErrors.error('OCI_TAG_MOVED', `${repository}:${tag} is not where it was`);
}

export function tagMethods(database: Database): Pick<Registry, 'tags' | 'repositories'> {
  return {
    async tags(repository, { limit = -1, last = '' } = {}) {
      const rows = await database.all<{ tag: string }>(
        'SELECT tag FROM tags WHERE repository = ?1 AND (lower(tag), tag) > (lower(?2), ?2) ORDER BY lower(tag), tag LIMIT ?3',
        [repository, last, limit],
      );
      if (rows.length > 0) return rows.map(({ tag }) => tag);
      const present = await database.get(
        'SELECT 1 WHERE EXISTS (SELECT 1 FROM manifests WHERE repository = ?1) OR EXISTS (SELECT 1 FROM blobs WHERE repository = ?1)',
        [repository],
      );
      return present === undefined ? undefined : [];
    },
    async repositories({ limit = -1, last = '' } = {}) {
      const rows = await database.all<{ repository: string }>(
        'SELECT DISTINCT repository FROM manifests WHERE repository > ? ORDER BY repository LIMIT ?',
        [last, limit],
      );
      return rows.map(({ repository }) => repository);
    },
  };
}
