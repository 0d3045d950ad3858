import { isColophonError, sha256Hex } from '@colophon/core';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { serverErrors } from '../errors.ts';
import { resources } from '../resources.ts';
import type { PushDelivery } from './delivery.ts';

/**
 * Writes a delivery down before anything comes of it. SERVER_WEBHOOK_REPLAYED if it was worked through before, also before a restart. The id is
 * not covered by the signature, so that somebody who caught a delivery could send it under another: the signed body is remembered as well.
 * A delivery that was not worked through, because the server died or the repository was away, may be sent again. Gives what marks it as done.
 */
export async function takeDelivery(
  store: ObjectStore,
  delivery: PushDelivery,
  body: Uint8Array,
  namespace: string,
): Promise<(runs: readonly string[]) => Promise<void>> {
  const id = delivery.id.toLowerCase();
  const spec = { id, body: sha256Hex(body), ref: delivery.ref, revision: delivery.revision ?? '', url: delivery.cloneUrl };
  // An id has at most 64 characters: it cannot be taken for the other name.
  const names = [id, `body-${spec.body}`];
  for (const name of names) {
    const known = await createOnce(store, { apiVersion: 'colophon.dev/v1', kind: 'Delivery', metadata: { name, namespace }, spec });
    const same = known === undefined || (known.spec?.id === spec.id && known.spec?.body === spec.body);
    if (!same || known?.status?.phase === 'Done')
      throw serverErrors.error('SERVER_WEBHOOK_REPLAYED', `delivery ${delivery.id} was received before`);
  }
  return async (runs) => {
    for (const name of names) await store.patch(resources.deliveries, namespace, name, { status: { phase: 'Done', runs } }, 'merge');
  };
}

/** Undefined: it was made; else what is there. */
async function createOnce(store: ObjectStore, object: KubeObject): Promise<KubeObject | undefined> {
  try {
    await store.create(resources.deliveries, object);
    return undefined;
  } catch (error) {
    if (!isColophonError(error) || error.code !== 'STORE_ALREADY_EXISTS') throw error;
    return store.get(resources.deliveries, object.metadata.namespace, object.metadata.name as string);
  }
}
