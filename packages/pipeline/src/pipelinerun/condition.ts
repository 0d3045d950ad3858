import type { Condition } from '../model/meta.ts';
import { quote } from '../text/quote.ts';
import { isCancelled, isCancelledForTimeout, isContinue, isFailed, isSuccessful, skipReasons, type Facts } from './facts.ts';
import type { Skips } from './skip.ts';

interface Counts {
  succeeded: number;
  failed: number;
  ignored: number;
  cancelled: number;
  skipped: number;
  late: number;
  invalid: number;
  incomplete: number;
}

function count(facts: Facts, skips: Skips): Counts {
  const counts: Counts = { succeeded: 0, failed: 0, ignored: 0, cancelled: 0, skipped: 0, late: 0, invalid: 0, incomplete: 0 };
  const late = new Set<string>([skipReasons.pipelineTimeout, skipReasons.tasksTimeout, skipReasons.finallyTimeout]);
  for (const state of facts.states) {
    if (isSuccessful(state)) counts.succeeded += 1;
    else if (isCancelledForTimeout(state)) counts.failed += 1;
    else if (isCancelled(state)) counts.cancelled += 1;
    else if (isFailed(state)) counts[isContinue(state) ? 'ignored' : 'failed'] += 1;
    else if (facts.invalid.has(state.task.name)) counts.invalid += 1;
    else if (skips.skipped(state)) {
      counts.skipped += 1;
      if (late.has(skips.reason(state))) counts.late += 1;
    } else counts.incomplete += 1;
  }
  return counts;
}

export type Outcome = Pick<Condition, 'status' | 'reason' | 'message'>;

/** The run's condition from the states of its tasks (Tekton: GetPipelineConditionStatus). */
export function outcomeOf(name: string, facts: Facts, skips: Skips): Outcome {
  const counts = count(facts, skips);
  const failed = counts.failed + counts.ignored;
  const completed = counts.succeeded + failed + counts.cancelled;
  const ignored = counts.ignored > 0 ? ` (Ignored: ${counts.ignored})` : '';
  if (counts.incomplete > 0) return running(facts, skips, counts, completed);
  let message = `Tasks Completed: ${completed} (Failed: ${failed}${ignored}, Cancelled ${counts.cancelled}), Skipped: ${counts.skipped}`;
  if (counts.invalid > 0) message += `, Failed Validation: ${counts.invalid} (${[...facts.invalid.values()].join('; ')})`;
  if (counts.invalid > 0) return { status: 'False', reason: 'PipelineValidationFailed', message };
  if (counts.failed > 0 || counts.late > 0) return { status: 'False', reason: 'Failed', message };
  if (facts.wanted === 'CancelledRunFinally' || facts.wanted === 'StoppedRunFinally') {
    return { status: 'False', reason: 'Cancelled', message: `PipelineRun ${quote(name)} was cancelled` };
  }
  if (counts.cancelled > 0) return { status: 'False', reason: 'Cancelled', message };
  return { status: 'True', reason: counts.skipped > 0 ? 'Completed' : 'Succeeded', message };
}

function running(facts: Facts, skips: Skips, counts: Counts, completed: number): Outcome {
  const failed = counts.failed + counts.ignored;
  let reason = 'Running';
  if (facts.wanted === 'CancelledRunFinally') reason = 'CancelledRunningFinally';
  else if (facts.wanted === 'StoppedRunFinally') reason = 'StoppedRunningFinally';
  else if (counts.cancelled > 0 || (counts.failed > 0 && skips.finalDone())) reason = 'PipelineRunStopping';
  return {
    status: 'Unknown',
    reason,
    message: `Tasks Completed: ${completed} (Failed: ${failed}, Cancelled ${counts.cancelled}), Incomplete: ${counts.incomplete}, Skipped: ${counts.skipped}`,
  };
}
