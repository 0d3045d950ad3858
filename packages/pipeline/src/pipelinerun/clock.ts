import type { PipelineRun } from '../model/runs.ts';
import { milliseconds } from '../text/duration.ts';
import { parseTime } from '../text/time.ts';
import type { Clock } from './facts.ts';

/** 0 means no limit; what is not given follows from the other two. */
export function clockOf(run: PipelineRun, start: number, now: number): Clock {
  const { pipeline, tasks, finally: last } = run.spec.timeouts ?? {};
  const length = (text: string | undefined): number | undefined => {
    const value = text === undefined ? 0 : milliseconds(text);
    return value === 0 ? undefined : value;
  };
  const rest = (other: string | undefined): number | undefined => {
    const whole = length(pipeline);
    const part = length(other);
    return whole === undefined || part === undefined ? undefined : whole - part;
  };
  return {
    now,
    start,
    finallyStart: run.status?.finallyStartTime === undefined ? undefined : parseTime(run.status.finallyStartTime),
    limits: {
      pipeline: length(pipeline),
      tasks: tasks === undefined ? rest(last) : length(tasks),
      finally: last === undefined ? rest(tasks) : length(last),
    },
  };
}

/** When to look at the run again, if nothing happens before. */
export function wakeAt({ now, start, finallyStart, limits }: Clock): number | undefined {
  const moments = [
    limits.pipeline === undefined ? undefined : start + limits.pipeline,
    limits.tasks === undefined ? undefined : start + limits.tasks,
    limits.finally === undefined || finallyStart === undefined ? undefined : finallyStart + limits.finally,
  ].filter((moment): moment is number => moment !== undefined && moment >= now);
  return moments.length === 0 ? undefined : Math.min(...moments) + 1;
}
