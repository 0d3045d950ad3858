import type { KubeObject } from '@colophon/store';
import { endOf, recordOf, statusOf, type Inventory } from './objects.ts';

export interface OldRuns {
  /** Finished before the time, and attested. */
  readonly runs: readonly KubeObject[];
  /** Their builds, and builds whose runs are gone already. */
  readonly builds: readonly KubeObject[];
  /** Old, but the attestor has not finished with them: they stay. */
  readonly waiting: readonly KubeObject[];
}

/**
 * Runs that ended before `cutoff` (milliseconds since 1970) and their builds. A build that is not attested keeps its run:
 * its provenance is in no log and no registry yet.
 */
export function oldRuns({ runs, builds }: Inventory, cutoff: number): OldRuns {
  const open = new Set(
    builds
      .filter((build) => recordOf(build).parent === undefined && statusOf(build)?.phase !== 'Complete')
      .map((build) => recordOf(build).uid),
  );
  const old = runs.filter((run) => (endOf(run) ?? Infinity) < cutoff);
  const isOpen = (run: KubeObject) => open.has(run.metadata.uid ?? '');
  const gone = old.filter((run) => !isOpen(run));
  const staying = new Set(runs.filter((run) => !gone.includes(run)).map(({ metadata }) => metadata.uid));
  return {
    runs: gone,
    waiting: old.filter(isOpen),
    builds: builds.filter((build) => {
      const { parent, uid, finishedAt } = recordOf(build);
      const top = parent?.uid ?? uid;
      return !staying.has(top) && !open.has(top) && Date.parse(finishedAt) < cutoff;
    }),
  };
}
