import { randomBytes } from 'node:crypto';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { serverErrors } from '../errors.ts';
import { resources } from '../resources.ts';
import { claimedRepository, isSigned } from './delivery.ts';

const shortestSecret = 16;
const nobodysSecret = randomBytes(32).toString('hex');

/**
 * The repository that a delivery is of: registered under the address that the body claims, and with the secret that it is signed with. Whoever
 * is not its sender gets one answer, whether there is such a repository, whether it has a secret, whether a signature was sent.
 */
export async function authenticate(headers: Headers, body: Uint8Array, store: ObjectStore): Promise<KubeObject> {
  const url = plainUrl(claimedRepository(body));
  const { items } = await store.list(resources.repositories);
  const signature = headers.get('x-hub-signature-256');
  const candidates: { repository?: KubeObject; secret: string }[] = [{ secret: nobodysSecret }];
  for (const repository of items.filter((item) => plainUrl(String(item.spec?.url)) === url)) {
    const secret = await readSecret(store, repository);
    if (secret !== undefined) candidates.push({ repository, secret });
  }
  const [found] = candidates.filter(({ secret }) => isSigned(body, signature, secret));
  if (found?.repository !== undefined) return found.repository;
  throw serverErrors.error('SERVER_WEBHOOK_SIGNATURE', 'X-Hub-Signature-256 is not of this body and the secret of its repository');
}

function plainUrl(url: string): string {
  return url.replace(/^git\+/, '').replace(/(?:\.git)?\/?$/, '');
}

/** Undefined: there is none, or one that could be guessed. */
async function readSecret(store: ObjectStore, { metadata, spec }: KubeObject): Promise<string | undefined> {
  const { name, key = 'webhook.secret' } = (spec?.webhookSecret ?? {}) as { name?: string; key?: string };
  if (name === undefined) return undefined;
  const data = (await store.get(resources.secrets, metadata.namespace, name))?.['data'] as Record<string, string> | undefined;
  const secret = Buffer.from(data?.[key] ?? '', 'base64').toString();
  return secret.length < shortestSecret ? undefined : secret;
}
