import type { ObjectMeta } from './meta.ts';
import type { Param, ParamSpec, TaskSpec, WhenExpression } from './task.ts';
import type { ParamType, ParamValue } from './value.ts';

export interface Pipeline {
  apiVersion: 'tekton.dev/v1';
  kind: 'Pipeline';
  metadata: ObjectMeta;
  spec: PipelineSpec;
}

export interface PipelineSpec {
  displayName?: string;
  description?: string;
  tasks?: PipelineTask[];
  params?: ParamSpec[];
  workspaces?: { name: string; description?: string; optional?: boolean }[];
  results?: PipelineResult[];
  finally?: PipelineTask[];
}

export interface PipelineTask {
  name: string;
  displayName?: string;
  description?: string;
  taskRef?: TaskRef;
  taskSpec?: EmbeddedTask;
  when?: WhenExpression[];
  retries?: number;
  runAfter?: string[];
  params?: Param[];
  matrix?: Matrix;
  workspaces?: { name: string; workspace?: string; subPath?: string }[];
  timeout?: string;
  pipelineRef?: PipelineRef;
  pipelineSpec?: PipelineSpec;
  onError?: string;
}

export interface EmbeddedTask extends TaskSpec {
  apiVersion?: string;
  kind?: string;
  /** Of a custom task; Tekton writes `null` for others. */
  spec?: unknown;
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
}

export interface Matrix {
  params?: Param[];
  include?: { name?: string; params?: Param[]; when?: WhenExpression[] }[];
}

export interface TaskRef {
  name?: string;
  kind?: string;
  apiVersion?: string;
  resolver?: string;
  params?: Param[];
}

export interface PipelineRef {
  name?: string;
  apiVersion?: string;
  resolver?: string;
  params?: Param[];
}

export interface PipelineResult {
  name: string;
  type?: ParamType;
  description?: string;
  value: ParamValue;
}
