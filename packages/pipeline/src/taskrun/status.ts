import type { StepState, TaskRun, TaskRunStatus } from '../model/runs.ts';
import type { TaskSpec } from '../model/task.ts';
import { childName } from '../text/child-name.ts';
import { quote } from '../text/quote.ts';
import { rfc3339 } from '../text/time.ts';
import { condition, conditionOf } from '../status/condition.ts';
import { featureFlags } from '../status/feature-flags.ts';
import { defaultGates, type Gates } from '../validate/gates.ts';
import { stepName } from './names.ts';
import { resultMessage, type StepOutcome, type TaskRunEnd } from './outcome.ts';
import { resultsProblem, runResults } from './results.ts';

/** The name that Tekton's pod would have: `RUN-pod`, and `-retryN` for a retry. */
export function podName(run: TaskRun): string {
  const retries = run.status?.retriesStatus?.length ?? 0;
  return childName(run.metadata.name, retries === 0 ? '-pod' : `-pod-retry${retries}`);
}

const provenance = (gates: Gates) => ({ featureFlags: featureFlags(gates) });

/** A run that waits for somebody to start it. */
export function pendingStatus(run: TaskRun, now: number): TaskRunStatus {
  const message = `TaskRun ${quote(run.metadata.name)} is pending`;
  return { ...run.status, podName: '', conditions: [condition(run.status, { status: 'Unknown', reason: 'TaskRunPending', message }, now)] };
}

/** A run that has begun: its steps are being made ready or are running. */
export function runningStatus(
  run: TaskRun,
  spec: TaskSpec,
  steps: readonly StepOutcome[],
  now: number,
  gates: Gates = defaultGates,
): TaskRunStatus {
  const before = run.status ?? {};
  return {
    ...kept(before),
    conditions: [
      condition(before, { status: 'Unknown', reason: 'Running', message: 'Not all Steps in the Task have finished executing' }, now),
    ],
    podName: podName(run),
    provenance: provenance(gates),
    startTime: before.startTime ?? rfc3339(now),
    steps: steps.map(stepState),
    taskSpec: spec,
  };
}

/** A run whose steps are all through. `resultsFailed` takes a verdict on their results beyond the declarations' own. */
export function completedStatus(
  run: TaskRun,
  spec: TaskSpec,
  steps: readonly StepOutcome[],
  now: number,
  gates: Gates = defaultGates,
): TaskRunStatus {
  const before = run.status ?? {};
  const results = runResults(spec, steps);
  const failed = steps.find((step) => step.state === 'exited' && !succeeded(step));
  const outcome = failed === undefined ? resultsOutcome(run, spec, results) : failure(run, failed);
  const valid = outcome.reason !== 'TaskRunValidationFailed' || !outcome.message.includes("don't match declared");
  return {
    ...kept(before),
    artifacts: {},
    completionTime: rfc3339(now),
    conditions: [condition(before, outcome, now)],
    podName: podName(run),
    provenance: provenance(gates),
    ...(results.length > 0 && valid ? { results } : {}),
    startTime: before.startTime ?? rfc3339(now),
    steps: steps.map(stepState),
    taskSpec: spec,
  };
}

/**
 * A run that did not end by its steps: cancelled, timed out, without an image, invalid … Steps that had begun or waited
 * are shown as ended with it; `steps` is empty where the task is not even known.
 */
export function endedStatus(
  run: TaskRun,
  end: TaskRunEnd,
  spec: TaskSpec | undefined,
  steps: readonly StepOutcome[] | undefined,
  now: number,
  gates: Gates = defaultGates,
): TaskRunStatus {
  const before = run.status ?? {};
  const pod = steps === undefined ? '' : podName(run);
  const outcome = { status: 'False' as const, reason: failureReason(run, end.reason), message: end.message };
  return {
    ...kept(before),
    completionTime: rfc3339(now),
    conditions: [condition(before, outcome, now)],
    podName: pod,
    ...(spec === undefined ? {} : { provenance: provenance(gates), steps: shownSteps(spec, steps, end, pod, now), taskSpec: spec }),
    startTime: before.startTime ?? rfc3339(now),
  };
}

/**
 * A run whose step cannot have its environment or its files: a ConfigMap or Secret is missing. `problem` is in the
 * kubelet's words. Tekton gives such a run no completion time; neither do we.
 */
export function configErrorStatus(
  run: TaskRun,
  spec: TaskSpec,
  steps: readonly { readonly name: string; readonly problem?: string }[],
  now: number,
  gates: Gates = defaultGates,
): TaskRunStatus {
  const before = run.status ?? {};
  const outcome = { status: 'False' as const, reason: 'CreateContainerConfigError', message: 'Failed to create pod due to config error' };
  return {
    ...kept(before),
    artifacts: {},
    conditions: [condition(before, outcome, now)],
    podName: podName(run),
    provenance: provenance(gates),
    startTime: before.startTime ?? rfc3339(now),
    steps: steps.map(({ name, problem }) => ({
      name,
      container: `step-${name}`,
      provenance: {},
      waiting: problem === undefined ? { reason: 'PodInitializing' } : { message: problem, reason: 'CreateContainerConfigError' },
    })),
    taskSpec: spec,
  };
}

export function cancelledEnd(run: TaskRun): TaskRunEnd {
  const message = `TaskRun ${quote(run.metadata.name)} was cancelled. ${run.spec.statusMessage ?? ''}${waitedFor(run)}`;
  return { reason: 'TaskRunCancelled', message };
}

/** What a run was still waiting for when it was ended from outside. */
function waitedFor(run: TaskRun): string {
  const before = conditionOf(run.status);
  if (before?.status !== 'Unknown' || quiet.has(before.reason)) return '';
  return `\nPrevious status: [${before.reason}] ${before.message}`;
}

const quiet = new Set(['', 'Running', 'Started', 'TaskRunPending', 'ToBeRetried']);

export function timeoutEnd(run: TaskRun): TaskRunEnd {
  const message = `TaskRun ${quote(run.metadata.name)} failed to finish within ${quote(run.spec.timeout ?? '')}${waitedFor(run)}`;
  return { reason: 'TaskRunTimeout', message };
}

/** In Tekton the image's name is missing from this message; the container runtime's message names it. */
export function imagePullEnd(run: TaskRun, step: string, message: string): TaskRunEnd {
  return {
    reason: 'TaskRunImagePullFailed',
    message: `the step "${step}" in TaskRun "${run.metadata.name}" failed to pull the image "". The pod errored with the message: "${message}."`,
  };
}

/** True if a failed attempt is tried again: neither cancelled nor out of retries. */
export function hasRetryLeft(run: TaskRun, status: TaskRunStatus): boolean {
  const now = conditionOf(status);
  if (now?.status !== 'False' || now.reason === 'TaskRunCancelled' || run.spec.status === 'TaskRunCancelled') return false;
  return (run.status?.retriesStatus?.length ?? 0) < (run.spec.retries ?? 0);
}

/** The status for the next attempt: the failed one joins `retriesStatus`, everything else begins anew. */
export function retryStatus(run: TaskRun, failed: TaskRunStatus, now: number): TaskRunStatus {
  const { retriesStatus, ...attempt } = failed;
  const { message } = conditionOf(failed) ?? { message: '' };
  return {
    conditions: [condition(failed, { status: 'Unknown', reason: 'ToBeRetried', message }, now)],
    podName: '',
    retriesStatus: [...(retriesStatus ?? run.status?.retriesStatus ?? []), attempt],
  };
}

function kept({ retriesStatus, startTime }: TaskRunStatus): TaskRunStatus {
  return { ...(retriesStatus === undefined ? {} : { retriesStatus }), ...(startTime === undefined ? {} : { startTime }) };
}

function succeeded({ exitCode, killed, onError }: StepOutcome): boolean {
  return killed === undefined && (exitCode === 0 || onError === 'continue');
}

function resultsOutcome(run: TaskRun, spec: TaskSpec, results: ReturnType<typeof runResults>) {
  const problem = resultsProblem(spec, results, run.spec.taskSpec !== undefined);
  if (problem !== undefined) return { status: 'False' as const, reason: 'TaskRunValidationFailed', message: `[User error] ${problem}` };
  return { status: 'True' as const, reason: 'Succeeded', message: 'All Steps have completed executing' };
}

function failure(run: TaskRun, step: StepOutcome) {
  const container = quote(`step-${step.name}`);
  const message =
    step.killed === 'timeout'
      ? `${container} exited because the step exceeded the specified timeout limit`
      : `${container} exited with code ${step.exitCode ?? 1}: ${step.killed === 'oom' ? 'OOMKilled' : 'Error'}`;
  return { status: 'False' as const, reason: failureReason(run, step.killed === 'oom' ? 'StepOOM' : 'StepFailed'), message };
}

/** A pipeline task whose failure is ignored says so. */
function failureReason(run: TaskRun, reason: string): string {
  const ignored = run.metadata.annotations?.['pipeline.tekton.dev/pipeline-task-on-error'] === 'continue';
  return ignored && (reason === 'StepFailed' || reason === 'StepOOM') ? 'FailureIgnored' : reason;
}

export function stepState(step: StepOutcome): StepState {
  const common = {
    name: step.name,
    container: `step-${step.name}`,
    ...(step.imageID === undefined ? {} : { imageID: step.imageID }),
    provenance: {},
  };
  if (step.state === 'waiting') return { ...common, waiting: { reason: 'PodInitializing' } };
  if (step.state === 'running') return { ...common, running: { startedAt: rfc3339(step.startedAt ?? 0) } };
  const { reason, exitCode, terminationReason } = ended(step);
  const message = resultMessage(step.results);
  return {
    ...common,
    terminated: {
      ...(step.containerID === undefined ? {} : { containerID: step.containerID }),
      exitCode,
      finishedAt: rfc3339(step.finishedAt ?? 0),
      ...(message === undefined ? {} : { message }),
      reason,
      startedAt: rfc3339(step.startedAt ?? step.finishedAt ?? 0),
    },
    terminationReason,
  };
}

function ended(step: StepOutcome): { reason: string; exitCode: number; terminationReason: string } {
  if (step.state === 'skipped') return { reason: 'Error', exitCode: 1, terminationReason: 'Skipped' };
  if (step.killed === 'timeout') return { reason: 'Error', exitCode: 1, terminationReason: 'TimeoutExceeded' };
  const exitCode = step.exitCode ?? 1;
  if (step.killed === 'oom') return { reason: 'OOMKilled', exitCode, terminationReason: 'OOMKilled' };
  if (exitCode === 0) return { reason: 'Completed', exitCode, terminationReason: 'Completed' };
  if (step.onError === 'continue') return { reason: 'Completed', exitCode, terminationReason: 'Continued' };
  return { reason: 'Error', exitCode, terminationReason: 'Error' };
}

function shownSteps(spec: TaskSpec, steps: readonly StepOutcome[] | undefined, end: TaskRunEnd, pod: string, now: number): StepState[] {
  if (steps === undefined) return (spec.steps ?? []).map((step, index) => ({ name: stepName(step.name, index), provenance: {} }));
  return steps.map((step) => {
    const state = stepState(step);
    if (state.terminated !== undefined) return state;
    const { waiting: _waiting, running: _running, ...rest } = state;
    return {
      ...rest,
      terminated: {
        exitCode: 1,
        finishedAt: rfc3339(now),
        message: `Step ${step.name} terminated as pod ${pod} is terminated`,
        reason: end.reason,
        startedAt: rfc3339(step.startedAt ?? now),
      },
      terminationReason: end.reason,
    };
  });
}
