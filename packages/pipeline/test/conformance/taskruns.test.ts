import { describe, expect, test } from 'vitest';
import { canonicalJson } from '@colophon/core';
import {
  cancelledEnd,
  completedStatus,
  conditionOf,
  configErrorStatus,
  endedStatus,
  planTaskRun,
  timeoutEnd,
  unsupported,
  type StepOutcome,
  type StepState,
  type Task,
  type TaskRun,
  type TaskRunEnd,
  type TaskRunStatus,
} from '../../src/index.ts';
import { examples, missing, type Example } from './recordings.ts';

const fromOutside = new Set(['TaskRunCancelled', 'TaskRunTimeout', 'TaskRunImagePullFailed']);

describe.skipIf(missing)('TaskRuns, their statuses from what became of their steps', () => {
  test('are the recorded ones, field by field', () => {
    const differ: string[] = [];
    let compared = 0;
    let left = 0;
    // Lane alpha-sidecar-logs keeps results out of the termination messages that are replayed here.
    for (const example of examples().filter(({ lane }) => lane !== 'alpha-sidecar-logs')) {
      for (const run of example.taskRuns) {
        const task = taskOf(example, run);
        const { workspaces: _workspaces, ...spec } = run.spec;
        const inner: Task[] =
          task === undefined ? [] : [{ apiVersion: 'tekton.dev/v1', kind: 'Task', metadata: { name: task.name }, spec: task.spec }];
        if ([{ ...run, spec }, ...inner].some((object) => unsupported(object).length > 0)) {
          left += 1;
          continue;
        }
        compared += 1;
        const fields = differences(run.status ?? {}, statusOf(example, run, task));
        if (fields.length > 0) differ.push(`${example.name} ${run.metadata.name}: ${fields.join('\n')}`);
      }
    }
    console.info(`TaskRuns: ${compared - differ.length} of ${compared} agree; ${left} use what is not run yet`);
    expect(differ).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(279);
  });
});

function taskOf({ objects }: Example, run: TaskRun): { name: string; spec: Task['spec'] } | undefined {
  if (run.spec.taskSpec !== undefined) return { name: run.metadata.name, spec: run.spec.taskSpec };
  const task = objects.find((object): object is Task => object.kind === 'Task' && object.metadata.name === run.spec.taskRef?.name);
  return task === undefined ? undefined : { name: task.metadata.name, spec: task.spec };
}

/** The status that we would write, from the recorded steps alone. */
function statusOf({ gates }: Example, recorded: TaskRun, task: { name: string; spec: Task['spec'] } | undefined): TaskRunStatus {
  const end = conditionOf(recorded.status);
  const { reason = '', message = '' } = end ?? {};
  const run: TaskRun = { ...recorded, status: before(recorded.status ?? {}, message) };
  const now = Date.parse(recorded.status?.completionTime ?? end?.lastTransitionTime ?? '');
  const given: TaskRunEnd = { reason: reason as TaskRunEnd['reason'], message };
  if (task === undefined) return endedStatus(run, given, undefined, undefined, now, gates);
  const plan = planTaskRun(run, task, { gates });
  if (recorded.spec.status === 'TaskRunCancelled' && recorded.status?.taskSpec === undefined)
    return endedStatus(run, cancelledEnd(run), undefined, undefined, now, gates);
  if ('failure' in plan) return endedStatus(run, plan.failure as TaskRunEnd, task.spec, undefined, now, gates);
  const onError = new Map(plan.steps.map((step) => [step.name, step.onError]));
  const steps = (recorded.status?.steps ?? []).map((step) => outcomeOf(step, onError.get(step.name) ?? 'stopAndFail'));
  if (recorded.spec.status === 'TaskRunCancelled') return endedStatus(run, cancelledEnd(run), plan.spec, steps, now, gates);
  if (reason === 'TaskRunTimeout')
    return endedStatus(run, timeoutEnd(run), recorded.status?.taskSpec === undefined ? undefined : plan.spec, steps, now, gates);
  if (reason === 'TaskRunImagePullFailed') return endedStatus(run, given, plan.spec, steps, now, gates);
  if (reason === 'PodCreationFailed') return endedStatus(run, given, task.spec, undefined, now, gates);
  if (reason === 'CreateContainerConfigError') {
    const problems = (recorded.status?.steps ?? []).map(({ name, waiting }) => ({
      name,
      ...(waiting?.message === undefined ? {} : { problem: waiting.message }),
    }));
    return configErrorStatus(run, plan.spec, problems, now, gates);
  }
  return completedStatus(run, plan.spec, steps, now, gates);
}

/** The run's status as it was before its end: a run that was still waiting says so in its last message. */
function before({ retriesStatus, startTime = '' }: TaskRunStatus, message: string): TaskRunStatus {
  const waited = /Previous status: \[(\w+)\] ([\s\S]*)$/.exec(message);
  const last = {
    type: 'Succeeded' as const,
    status: 'Unknown' as const,
    reason: waited?.[1] ?? '',
    message: waited?.[2] ?? '',
    lastTransitionTime: '',
  };
  return { startTime, ...(retriesStatus === undefined ? {} : { retriesStatus }), ...(waited === null ? {} : { conditions: [last] }) };
}

function outcomeOf({ name, imageID, terminated, terminationReason }: StepState, onError: StepOutcome['onError']): StepOutcome {
  const common = { name, onError, ...(imageID === undefined ? {} : { imageID }) };
  if (terminated === undefined) return { ...common, state: 'waiting' };
  const times = { startedAt: Date.parse(terminated.startedAt), finishedAt: Date.parse(terminated.finishedAt) };
  if (fromOutside.has(terminated.reason)) return { ...common, ...times, state: 'running' };
  const written =
    terminated.message?.startsWith('[') === true ? (JSON.parse(terminated.message) as { key: string; value: string }[]) : undefined;
  return {
    ...common,
    ...times,
    ...(terminated.containerID === undefined ? {} : { containerID: terminated.containerID }),
    state: terminationReason === 'Skipped' ? 'skipped' : 'exited',
    exitCode: terminated.exitCode,
    ...(terminationReason === 'TimeoutExceeded'
      ? { killed: 'timeout' as const }
      : terminated.reason === 'OOMKilled'
        ? { killed: 'oom' as const }
        : {}),
    ...(written === undefined ? {} : { results: Object.fromEntries(written.map(({ key, value }) => [key, value])) }),
  };
}

function differences(recorded: TaskRunStatus, mine: TaskRunStatus): string[] {
  const [left, right] = [comparable(recorded), comparable(mine)];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .filter((key) => canonicalJson({ value: left[key] }) !== canonicalJson({ value: right[key] }))
    .map((key) => `${key}: ${canonicalJson({ value: left[key] })} ≠ ${canonicalJson({ value: right[key] })}`);
}

/** Flags that we do not have (pods kept on cancel, native sidecars, compression) and compressed messages fall out. */
function comparable(status: TaskRunStatus): Record<string, unknown> {
  const {
    enableKeepPodOnCancel: _pods,
    enableKubernetesSidecar: _sidecars,
    enableTerminationMessageCompression: _compression,
    ...flags
  } = status.provenance?.featureFlags ?? {};
  const steps = status.steps?.map((step) => {
    if (step.terminated?.message?.startsWith('tknz') !== true) return step;
    const { message: _message, ...terminated } = step.terminated;
    return { ...step, terminated };
  });
  return { ...status, steps, provenance: status.provenance === undefined ? undefined : { ...status.provenance, featureFlags: flags } };
}
