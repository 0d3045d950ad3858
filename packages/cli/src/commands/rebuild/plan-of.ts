import { buildType, isProvenance, readProvenance, type InTotoStatement } from '@colophon/attest';
import type { Digest } from '@colophon/core';
import { rebuildErrors, replayPlan, type ReplayPlan } from '@colophon/rebuild';

/**
 * The plan of the first proven statement that can be replayed: several builds may have made the same image, and each may be told of in several formats. Where none can, the reason is that of a
 * statement of our own build type, if there is one. Throws what `replayPlan` throws.
 */
export function planOf(statements: readonly InTotoStatement[], wanted: { digest: Digest; repository: string }): ReplayPlan {
  const all = statements.filter(({ predicateType }) => isProvenance(predicateType));
  const own = all.filter(isOwn);
  let problem: unknown;
  for (const statement of own.length > 0 ? own : all) {
    try {
      return replayPlan(statement, wanted);
    } catch (error) {
      problem ??= error;
    }
  }
  throw problem ?? rebuildErrors.error('REBUILD_NOT_REPLAYABLE', 'nothing that is proven says how the image was built');
}

function isOwn(statement: InTotoStatement): boolean {
  try {
    return readProvenance(statement).buildType === buildType;
  } catch {
    return false;
  }
}
