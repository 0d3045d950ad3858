import type { Condition, ObjectMeta, Provenance } from './meta.ts';
import type { PipelineRef, PipelineSpec, TaskRef } from './pipeline.ts';
import type { ComputeResources, Param, TaskSpec, VolumeSource, WhenExpression } from './task.ts';
import type { ParamType, ParamValue } from './value.ts';

export interface WorkspaceBinding extends VolumeSource {
  name: string;
  subPath?: string;
  volumeClaimTemplate?: { metadata?: Partial<ObjectMeta>; spec?: Record<string, unknown>; status?: unknown };
}

export interface TaskRun {
  apiVersion: 'tekton.dev/v1';
  kind: 'TaskRun';
  metadata: ObjectMeta;
  spec: TaskRunSpec;
  status?: TaskRunStatus;
}

export interface TaskRunSpec {
  params?: Param[];
  serviceAccountName?: string;
  taskRef?: TaskRef;
  taskSpec?: TaskSpec;
  status?: string;
  statusMessage?: string;
  retries?: number;
  timeout?: string;
  podTemplate?: Record<string, unknown>;
  workspaces?: WorkspaceBinding[];
  stepSpecs?: { name: string; computeResources?: ComputeResources }[];
  sidecarSpecs?: { name: string; computeResources?: ComputeResources }[];
  computeResources?: ComputeResources;
  managedBy?: string;
  debug?: { breakpoints?: { onFailure?: string; beforeSteps?: string[] } };
}

export interface TaskRunStatus {
  conditions?: Condition[];
  podName?: string;
  startTime?: string;
  completionTime?: string;
  steps?: StepState[];
  retriesStatus?: TaskRunStatus[];
  results?: { name: string; type: ParamType; value: ParamValue }[];
  artifacts?: Record<string, unknown>;
  taskSpec?: TaskSpec;
  provenance?: Provenance;
}

export interface StepState {
  name: string;
  container?: string;
  imageID?: string;
  provenance?: Provenance;
  terminationReason?: string;
  waiting?: { reason?: string; message?: string };
  running?: { startedAt: string };
  terminated?: {
    exitCode: number;
    reason: string;
    message?: string;
    startedAt: string;
    finishedAt: string;
    containerID?: string;
  };
}

export interface PipelineRun {
  apiVersion: 'tekton.dev/v1';
  kind: 'PipelineRun';
  metadata: ObjectMeta;
  spec: PipelineRunSpec;
  status?: PipelineRunStatus;
}

export interface PipelineRunSpec {
  pipelineRef?: PipelineRef;
  pipelineSpec?: PipelineSpec;
  params?: Param[];
  status?: string;
  timeouts?: { pipeline?: string; tasks?: string; finally?: string };
  taskRunTemplate?: { podTemplate?: Record<string, unknown>; serviceAccountName?: string };
  workspaces?: WorkspaceBinding[];
  taskRunSpecs?: PipelineTaskRunSpec[];
  managedBy?: string;
}

export interface PipelineTaskRunSpec {
  pipelineTaskName?: string;
  serviceAccountName?: string;
  podTemplate?: Record<string, unknown>;
  stepSpecs?: { name: string; computeResources?: ComputeResources }[];
  sidecarSpecs?: { name: string; computeResources?: ComputeResources }[];
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  computeResources?: ComputeResources;
  timeout?: string;
}

export interface PipelineRunStatus {
  conditions?: Condition[];
  startTime?: string;
  completionTime?: string;
  finallyStartTime?: string;
  results?: { name: string; value: ParamValue }[];
  pipelineSpec?: PipelineSpec;
  skippedTasks?: SkippedTask[];
  childReferences?: ChildReference[];
  provenance?: Provenance;
}

export interface SkippedTask {
  name: string;
  reason: string;
  whenExpressions?: WhenExpression[];
}

export interface ChildReference {
  apiVersion: string;
  kind: string;
  name: string;
  displayName?: string;
  pipelineTaskName: string;
  whenExpressions?: WhenExpression[];
}
