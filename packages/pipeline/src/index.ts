export { admit, judge } from './admit.ts';
export type { TektonObject, Verdict } from './admit.ts';
export { pipelineErrors } from './errors.ts';
export { defaultGates } from './validate/gates.ts';
export type { Gates, Stability } from './validate/gates.ts';
export { judgeUpdate } from './admit.ts';
export { parseDocuments } from './yaml/documents.ts';
export type { YamlDocument } from './yaml/documents.ts';
export { unsupported } from './support/unsupported.ts';
export type { UnsupportedField } from './support/fields.ts';
export { planPipelineRun } from './pipelinerun/plan.ts';
export type { FoundTask, PipelineRunInput, PipelineRunPlan } from './pipelinerun/plan.ts';
export type * from './model/meta.ts';
export type * from './model/pipeline.ts';
export type * from './model/runs.ts';
export type * from './model/task.ts';
export type { ParamType, ParamValue } from './model/value.ts';
export { planTaskRun } from './taskrun/plan.ts';
export type { TaskRunPlan } from './taskrun/plan.ts';
export { quantity } from './taskrun/step-plan.ts';
export type { StepMount, StepPlan } from './taskrun/step-plan.ts';
export type { TaskRunFailure } from './taskrun/check.ts';
export { maxResultBytes, resultMessage } from './taskrun/outcome.ts';
export type { StepOutcome, TaskRunEnd } from './taskrun/outcome.ts';
export {
  cancelledEnd,
  completedStatus,
  configErrorStatus,
  endedStatus,
  hasRetryLeft,
  imagePullEnd,
  pendingStatus,
  retryStatus,
  runningStatus,
  timeoutEnd,
} from './taskrun/status.ts';
export { expand, resolveEnv } from './taskrun/env.ts';
export type { Lookup, ResolvedEnv } from './taskrun/env.ts';
export { conditionOf, isDone } from './status/condition.ts';
export { claimName } from './pipelinerun/workspaces.ts';
export { milliseconds } from './text/duration.ts';
export { parseTime, rfc3339 } from './text/time.ts';
