export * from './controller/index.ts';
export { runnerErrors } from './errors.ts';
export { parseTaskPlan, taskPlan } from './plan/plan.ts';
export type { StepInstruction, StepOutcome, TaskEvent, TaskOutcome, TaskPlan, TaskPlanInput, VolumeInstruction } from './plan/plan.ts';
export { doctor } from './host/doctor.ts';
export type { Finding } from './host/doctor.ts';
export { startRunnerHost } from './host/start.ts';
export type { RunnerHost, RunnerHostOptions } from './host/start.ts';
export type { CollectedImage } from './host/collect.ts';
