import type { DiffVerdict } from '@colophon/image';

/**
 * How a rebuild ended.
 * - the four of image comparison, from best to worst: `digest-identical` … `different`;
 * - `inputs-differ`: the replay did not use exactly what the provenance names, so its image proves nothing either way;
 * - `replay-failed`: the run did not succeed;
 * - `not-replayable`: the provenance does not fix everything that the build saw;
 * - `unproven`: the images agree, but a step image could not be rebuilt (`--deep`).
 */
export type RebuildVerdict = DiffVerdict | 'inputs-differ' | 'replay-failed' | 'not-replayable' | 'unproven';

/** Levels that a caller may accept instead of the best, from best to worst. */
export const acceptable = ['digest-identical', 'diffid-identical', 'content-identical'] as const;
export type AcceptedLevel = (typeof acceptable)[number];

/** Exit codes of `colophon rebuild`. Beside them: 3 nothing found, 5 and 6 the provenance was not verified. */
export const rebuildExits: Readonly<Record<RebuildVerdict, number>> = {
  'digest-identical': 0,
  'diffid-identical': 10,
  'content-identical': 11,
  different: 12,
  'inputs-differ': 13,
  'not-replayable': 14,
  'replay-failed': 15,
  unproven: 16,
};

/** 0 for the best verdict, and for one that is as good as the accepted level; nothing else is a success. */
export function exitOf(verdict: RebuildVerdict, accept: AcceptedLevel = 'digest-identical'): number {
  const rank = (acceptable as readonly string[]).indexOf(verdict);
  return rank >= 0 && rank <= acceptable.indexOf(accept) ? 0 : rebuildExits[verdict];
}

const order: readonly DiffVerdict[] = ['digest-identical', 'diffid-identical', 'content-identical', 'different'];

/** True if the first is a better verdict than the second. */
export function isBetter(one: DiffVerdict, other: DiffVerdict): boolean {
  return order.indexOf(one) < order.indexOf(other);
}
