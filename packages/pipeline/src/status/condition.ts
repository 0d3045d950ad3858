import type { Condition } from '../model/meta.ts';
import { rfc3339 } from '../text/time.ts';

export function conditionOf(status: { conditions?: Condition[] } | undefined): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Succeeded');
}

export const isDone = (status: { conditions?: Condition[] } | undefined): boolean =>
  ['True', 'False'].includes(conditionOf(status)?.status ?? 'Unknown');

/** A new condition; the time of the last transition moves only when something of it changes, as Knative's SetCondition. */
export function condition(
  before: { conditions?: Condition[] } | undefined,
  next: { status: Condition['status']; reason: string; message: string },
  now: number,
): Condition {
  const old = conditionOf(before);
  const same = old !== undefined && old.status === next.status && old.reason === next.reason && old.message === next.message;
  return { type: 'Succeeded', ...next, lastTransitionTime: same ? old.lastTransitionTime : rfc3339(now) };
}
