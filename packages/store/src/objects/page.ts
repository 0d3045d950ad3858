import { storeErrors } from '../errors.ts';
import type { KubeObject, ListResult } from './types.ts';

interface Token {
  readonly version: number;
  readonly key: string;
}

/** One page of a list. A page after the first carries the first one's resourceVersion; STORE_GONE when that has been compacted away. */
export function pageOf(
  all: readonly KubeObject[],
  version: number,
  compacted: number,
  options: { limit?: number; continue?: string },
): ListResult {
  const token = options.continue === undefined || options.continue === '' ? undefined : readToken(options.continue);
  if (token !== undefined && token.version < compacted)
    throw storeErrors.error('STORE_GONE', 'The provided continue parameter is too old to display a consistent list result');
  const rest = token === undefined ? [...all] : all.filter((object) => keyOf(object) > token.key);
  const at = token?.version ?? version;
  const { limit = 0 } = options;
  if (limit <= 0 || rest.length <= limit) return { items: rest, resourceVersion: String(at) };
  const items = rest.slice(0, limit);
  const next: Token = { version: at, key: keyOf(items.at(-1) as KubeObject) };
  return {
    items,
    resourceVersion: String(at),
    continue: Buffer.from(JSON.stringify(next)).toString('base64url'),
    remaining: rest.length - limit,
  };
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

function readToken(text: string): Token {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<Token> | null;
    if (typeof token?.key === 'string' && Number.isSafeInteger(token.version)) return token as Token;
  } catch {
    // Not ours: said below.
  }
  throw storeErrors.error('STORE_INVALID', 'continue key is not valid');
}

/** The resourceVersion of a watch. Throws STORE_INVALID. */
export function readVersion(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw storeErrors.error('STORE_INVALID', `not a resourceVersion: ${JSON.stringify(text.slice(0, 100))}`);
  return Number(text);
}
