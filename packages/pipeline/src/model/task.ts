import type { ObjectMeta } from './meta.ts';
import type { ParamType, ParamValue } from './value.ts';

export interface Task {
  apiVersion: 'tekton.dev/v1';
  kind: 'Task';
  metadata: ObjectMeta;
  spec: TaskSpec;
}

export interface TaskSpec {
  displayName?: string;
  description?: string;
  params?: ParamSpec[];
  steps?: Step[];
  volumes?: Volume[];
  stepTemplate?: StepTemplate;
  sidecars?: Sidecar[];
  workspaces?: WorkspaceDeclaration[];
  results?: TaskResult[];
}

export interface ParamSpec {
  name: string;
  type?: ParamType;
  description?: string;
  properties?: Record<string, { type?: ParamType }>;
  default?: ParamValue;
  enum?: string[];
}

export interface Param {
  name: string;
  value: ParamValue;
}

export interface TaskResult {
  name: string;
  type?: ParamType;
  properties?: Record<string, { type?: ParamType }>;
  description?: string;
  value?: ParamValue;
}

export interface WorkspaceDeclaration {
  name: string;
  description?: string;
  mountPath?: string;
  readOnly?: boolean;
  optional?: boolean;
}

export interface StepTemplate {
  image?: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  envFrom?: EnvFromSource[];
  env?: EnvVar[];
  computeResources?: ComputeResources;
  volumeMounts?: VolumeMount[];
  volumeDevices?: unknown[];
  imagePullPolicy?: string;
  securityContext?: SecurityContext;
}

export interface Step extends StepTemplate {
  name?: string;
  displayName?: string;
  script?: string;
  timeout?: string;
  workspaces?: { name: string; mountPath?: string }[];
  onError?: string;
  stdoutConfig?: { path?: string };
  stderrConfig?: { path?: string };
  ref?: { name?: string; resolver?: string; params?: Param[] };
  params?: Param[];
  results?: TaskResult[];
  when?: WhenExpression[];
}

export interface Sidecar extends StepTemplate {
  name: string;
  script?: string;
  workspaces?: { name: string; mountPath?: string }[];
  [other: string]: unknown;
}

export interface WhenExpression {
  input?: string;
  operator?: string;
  values?: string[];
  cel?: string;
}

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: {
    configMapKeyRef?: KeyRef;
    secretKeyRef?: KeyRef;
    fieldRef?: { apiVersion?: string; fieldPath: string };
    resourceFieldRef?: Record<string, unknown>;
  };
}

export interface KeyRef {
  name?: string;
  key: string;
  optional?: boolean;
}

export interface EnvFromSource {
  prefix?: string;
  configMapRef?: { name?: string; optional?: boolean };
  secretRef?: { name?: string; optional?: boolean };
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  subPath?: string;
  subPathExpr?: string;
  readOnly?: boolean;
  mountPropagation?: string;
  recursiveReadOnly?: string;
}

export interface ComputeResources {
  limits?: Record<string, string | number>;
  requests?: Record<string, string | number>;
  claims?: unknown[];
}

export interface SecurityContext {
  runAsUser?: number;
  runAsGroup?: number;
  runAsNonRoot?: boolean;
  readOnlyRootFilesystem?: boolean;
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  capabilities?: { add?: string[]; drop?: string[] };
  [other: string]: unknown;
}

export interface KeyToPath {
  key: string;
  path: string;
  mode?: number;
}

export interface VolumeSource {
  emptyDir?: { medium?: string; sizeLimit?: string | number };
  configMap?: { name?: string; items?: KeyToPath[]; defaultMode?: number; optional?: boolean };
  secret?: { secretName?: string; items?: KeyToPath[]; defaultMode?: number; optional?: boolean };
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean };
  csi?: {
    driver: string;
    readOnly?: boolean;
    fsType?: string;
    volumeAttributes?: Record<string, string>;
    nodePublishSecretRef?: { name?: string };
  };
  projected?: { sources?: unknown[]; defaultMode?: number };
}

export interface Volume extends VolumeSource {
  name: string;
  [other: string]: unknown;
}
