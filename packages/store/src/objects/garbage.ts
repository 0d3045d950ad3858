import type { Database } from '../database/database.ts';
import type { Place } from './change.ts';
import type { State } from './state.ts';

/**
 * Deletes what a deleted owner leaves behind: objects that name it in ownerReferences and have no other owner that lives (Kubernetes, "Garbage
 * Collection", background). Which owners are gone is written in the transaction that deletes them and taken out when their dependents are
 * gone, so that a crash in between only delays it.
 */
export async function collect(database: Database, state: State, uid: string, remove: (place: Place) => Promise<unknown>): Promise<void> {
  const orphans = state.dependents(uid).filter((place) => {
    const owners = state.get(place)?.metadata.ownerReferences ?? [];
    return !owners.some((owner) => state.has(owner.uid));
  });
  await Promise.all(orphans.map(remove));
  await database.run('DELETE FROM owners_gone WHERE uid = ?', [uid]);
}
