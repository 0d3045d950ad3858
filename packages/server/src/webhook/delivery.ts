import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '@colophon/core';
import { serverErrors } from '../errors.ts';

/** A push as GitHub's webhook tells it (Webhook events and payloads, `push`), reduced to what starts a run. */
export interface PushDelivery {
  readonly id: string;
  readonly cloneUrl: string;
  /** `refs/heads/main`, `refs/tags/v1`. */
  readonly ref: string;
  /** The commit pushed; undefined when the ref was deleted. */
  readonly revision: string | undefined;
  readonly owner: string;
  readonly name: string;
  readonly sender: string;
}

const payload = z.object({
  ref: z.string().regex(/^refs\/(?:heads|tags)\/[^\0-\x20~^:?*[\\\x7f]{1,240}$/),
  after: z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/),
  deleted: z.boolean().optional(),
  repository: z.object({ clone_url: z.string().max(2000), full_name: z.string().max(300), name: z.string().max(150) }),
  sender: z.object({ login: z.string().max(150) }).optional(),
  pusher: z.object({ name: z.string().max(150) }).optional(),
});

/** Reads the repository's address before the signature is checked: only to find whose secret to check with. */
export function claimedRepository(body: Uint8Array): string {
  const result = z.object({ repository: z.object({ clone_url: z.string().max(2000) }) }).safeParse(parseJson(body, 'the delivery'));
  if (!result.success) throw serverErrors.error('SERVER_WEBHOOK_INVALID', 'the delivery names no repository');
  return result.data.repository.clone_url;
}

/** HMAC-SHA256 over the raw body, in `X-Hub-Signature-256` ("Validating webhook deliveries"); compared in constant time. */
export function isSigned(body: Uint8Array, header: string | null, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest();
  const found = Buffer.from(/^sha256=([0-9a-f]{64})$/.exec(header ?? '')?.[1] ?? '', 'hex');
  return found.length === expected.length && timingSafeEqual(found, expected);
}

export function parsePush(headers: Headers, body: Uint8Array): PushDelivery {
  const id = headers.get('x-github-delivery') ?? '';
  if (!/^[A-Za-z0-9-]{8,64}$/.test(id)) throw serverErrors.error('SERVER_WEBHOOK_INVALID', 'X-GitHub-Delivery is missing or malformed');
  const result = payload.safeParse(parseJson(body, 'the delivery'));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw serverErrors.error('SERVER_WEBHOOK_INVALID', `the push is malformed at ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { ref, after, deleted, repository, sender, pusher } = result.data;
  return {
    id,
    cloneUrl: repository.clone_url,
    ref,
    revision: deleted === true || /^0+$/.test(after) ? undefined : after,
    owner: repository.full_name.split('/')[0] ?? '',
    name: repository.name,
    sender: sender?.login ?? pusher?.name ?? '',
  };
}
