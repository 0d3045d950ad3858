import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode, parseJson } from '@colophon/core';
import { durable } from '@colophon/store';
import { serverErrors } from '../errors.ts';

/** What a token may do. A missing member means: any. */
export const scope = z.strictObject({
  verbs: z.array(z.enum(['read', 'write', 'delete', 'admin'])),
  namespace: z.string().optional(),
  /** A repository, or a prefix that ends in `/*`. */
  repository: z.string().optional(),
  area: z.enum(['runs', 'registry', 'log']).optional(),
  /** `images`: it sets no tag under which signatures and attestations of an image are kept (`sha256-….att`). */
  tags: z.enum(['images']).optional(),
});

const tokenFile = z.strictObject({
  version: z.literal(1),
  tokens: z.array(
    z.strictObject({
      name: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      scopes: z.array(scope),
      expires: z.string().optional(),
      subject: z.string().optional(),
    }),
  ),
});

export type Scope = z.output<typeof scope>;
export type Verb = Scope['verbs'][number];

/** What a request wants. */
export interface Wish {
  readonly area: 'runs' | 'registry' | 'log';
  readonly verb: Verb;
  readonly namespace?: string;
  readonly repository?: string;
  /** Tags that the request sets. */
  readonly tags?: readonly string[];
}

export interface Holder {
  readonly name: string;
  /** Opaque: what the registry records as the pusher. */
  readonly subject: string;
  readonly scopes: readonly Scope[];
}

export interface TokenStore {
  /** Who holds this token, if anybody; compared in constant time by hash. */
  find(token: string): Holder | undefined;
  /** Makes a token, durably unless it is `temporary`; its text is shown this once. */
  issue(name: string, scopes: readonly Scope[], options?: { temporary?: boolean; subject?: string; expires?: Date }): Promise<string>;
  revoke(name: string): Promise<boolean>;
  list(): readonly Holder[];
}

interface Entry extends Holder {
  readonly hash: Buffer;
  readonly expires?: number;
  readonly temporary: boolean;
}

/** Tokens live in one file, 0600, as hashes only. Tokens of a run are temporary: they die with the process or the run. */
export async function openTokenStore(path: string): Promise<TokenStore> {
  let entries: Entry[] = await load(path);

  async function save(): Promise<void> {
    const kept = entries.filter(({ temporary }) => !temporary);
    const tokens = kept.map(({ name, hash, scopes, subject, expires }) => ({
      name,
      sha256: hash.toString('hex'),
      scopes,
      subject,
      ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
    }));
    await durable.writeFile(path, `${JSON.stringify({ version: 1, tokens }, null, 2)}\n`, { mode: 0o600 });
  }

  return {
    find(token) {
      const hash = hashToken(token);
      return entries.find((entry) => timingSafeEqual(entry.hash, hash) && (entry.expires === undefined || entry.expires > Date.now()));
    },
    async issue(name, scopes, options = {}) {
      const token = `colophon_${randomBytes(32).toString('base64url')}`;
      const entry: Entry = {
        name,
        subject: options.subject ?? name,
        scopes,
        hash: hashToken(token),
        temporary: options.temporary ?? false,
        ...(options.expires === undefined ? {} : { expires: options.expires.getTime() }),
      };
      entries = [...entries.filter((other) => other.name !== name), entry];
      if (!entry.temporary) await save();
      return token;
    },
    async revoke(name) {
      const found = entries.find((entry) => entry.name === name);
      entries = entries.filter((entry) => entry !== found);
      if (found !== undefined && !found.temporary) await save();
      return found !== undefined;
    },
    list: () => entries,
  };
}

async function load(path: string): Promise<Entry[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  return parseTokens(text, path).map(({ name, sha256, scopes, subject, expires }) => ({
    name,
    subject: subject ?? name,
    scopes,
    hash: Buffer.from(sha256, 'hex'),
    temporary: false,
    ...(expires === undefined ? {} : { expires: Date.parse(expires) }),
  }));
}

function parseTokens(text: string, path: string): z.output<typeof tokenFile>['tokens'] {
  try {
    return tokenFile.parse(parseJson(Buffer.from(text), path)).tokens;
  } catch (cause) {
    // Never read as empty: whoever damages the file would have every token forgotten, and the next write would make that last.
    throw serverErrors.error('SERVER_TOKENS_INVALID', `${path} cannot be understood`, { cause });
  }
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export function allows(holder: Holder, wish: Wish): boolean {
  return holder.scopes.some(
    (scope) =>
      (scope.verbs.includes('admin') || scope.verbs.includes(wish.verb)) &&
      (scope.area === undefined || scope.area === wish.area) &&
      (scope.namespace === undefined || scope.namespace === wish.namespace) &&
      (scope.repository === undefined || matchesRepository(scope.repository, wish.repository)) &&
      (scope.tags === undefined || !(wish.tags ?? []).some(isAttachmentTag)),
  );
}

/** Where cosign keeps what is said of an image (`sha256-HEX.sig`, `.att`, `.sbom`), and OCI 1.1 its referrers (`sha256-HEX`): no image has such a tag. */
export function isAttachmentTag(tag: string): boolean {
  return /^sha\d{1,4}-[0-9a-f]{32}/i.test(tag);
}

function matchesRepository(pattern: string, repository: string | undefined): boolean {
  if (repository === undefined) return false;
  return pattern.endsWith('/*') ? repository.startsWith(pattern.slice(0, -1)) : repository === pattern;
}
