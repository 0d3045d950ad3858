import type { PipelineRunSpec } from '../model/runs.ts';
import { formatDuration } from '../text/duration.ts';
import { FieldErrors, invalidValue } from './field-error.ts';
import { nanoseconds, notNegative } from './run-parts.ts';

const hour = 3_600_000_000_000n;

/** timeouts.pipeline, .tasks and .finally of a PipelineRun, against one another and against those of its taskRunSpecs. */
export function runTimeouts(spec: PipelineRunSpec): FieldErrors {
  const { timeouts } = spec;
  if (timeouts === undefined) return FieldErrors.none;
  const errors = notNegative(timeouts.tasks, 'timeouts.tasks').also(
    notNegative(timeouts.finally, 'timeouts.finally'),
    notNegative(timeouts.pipeline, 'timeouts.pipeline'),
  );
  const limit = nanoseconds(timeouts.pipeline) ?? hour;
  const bound = timeouts.pipeline === undefined ? 'should be <= default timeout duration' : 'should be <= pipeline duration';
  return errors.also(parts(timeouts, limit, bound)).also(taskRunSpecs(spec));
}

function parts(timeouts: NonNullable<PipelineRunSpec['timeouts']>, limit: bigint, bound: string): FieldErrors {
  let errors = FieldErrors.none;
  for (const field of ['tasks', 'finally'] as const) {
    const length = nanoseconds(timeouts[field]);
    if (length === undefined) continue;
    const endless = length === 0n && limit !== 0n;
    if (endless || (length > limit && limit !== 0n)) {
      errors = errors.also(invalidValue(`${formatDuration(length)}${endless ? ' (no timeout)' : ''} ${bound}`, `timeouts.${field}`));
    }
  }
  const tasks = nanoseconds(timeouts.tasks);
  const last = nanoseconds(timeouts.finally);
  if (tasks === undefined || last === undefined || tasks + last <= limit) return errors;
  const message = `${formatDuration(tasks)} + ${formatDuration(last)} ${bound}`;
  return errors.also(invalidValue(message, 'timeouts.tasks'), invalidValue(message, 'timeouts.finally'));
}

function taskRunSpecs({ timeouts, taskRunSpecs: specs }: PipelineRunSpec): FieldErrors {
  const tasks = nanoseconds(timeouts?.tasks);
  const limit = tasks ?? nanoseconds(timeouts?.pipeline) ?? hour;
  const source =
    tasks !== undefined ? 'pipeline tasks duration' : timeouts?.pipeline !== undefined ? 'pipeline duration' : 'default timeout duration';
  if (limit === 0n) return FieldErrors.none;
  return FieldErrors.none.also(
    ...(specs ?? []).map(({ timeout }, index) => {
      const length = nanoseconds(timeout);
      if (length === undefined || length <= limit) return FieldErrors.none;
      return invalidValue(`${formatDuration(length)} should be <= ${source} ${formatDuration(limit)}`, `taskRunSpecs[${index}].timeout`);
    }),
  );
}
