import {
  claimVolume,
  configMapVolume,
  csiVolume,
  emptyDir,
  envFromSource,
  envVar,
  objectMeta,
  persistentVolumeClaim,
  podTemplate,
  projectedVolume,
  resourceRequirements,
  secretVolume,
  securityContext,
  typeMeta,
  volume,
  volumeDevice,
  volumeMount,
} from './kubernetes.ts';
import { any, bool, duration, int, list, map, struct, text, textPointer, value, type Shape, type StructShape } from './shape.ts';

/** Tekton's v1 types (pipeline 1.15, pkg/apis/pipeline/v1; docs/pipeline-api.md), all of them: what is not run is known, too. */

const propertySpec = struct('PropertySpec', () => ({ type: text }));
const paramSpec = struct(
  'ParamSpec',
  () => ({ name: text, type: text, description: text, properties: map(propertySpec), default: value, enum: list(text) }),
  { always: { name: '' } },
);
const paramSpecs = list(paramSpec, 'v1.ParamSpecs');
const param = struct('Param', () => ({ name: text, value }), { always: { name: '' }, valued: ['value'] });
const params = list(param, 'v1.Params');
const when = struct('WhenExpression', () => ({ input: text, operator: text, values: list(text), cel: text }));
const whens = list(when, 'v1.WhenExpressions');
const workspaceUsage = struct('WorkspaceUsage', () => ({ name: text, mountPath: text }), { always: { name: '', mountPath: '' } });
const streamConfig = struct('StepOutputConfig', () => ({ path: text }));
const taskResult = struct('TaskResult', () => ({ name: text, type: text, properties: map(propertySpec), description: text, value }), {
  always: { name: '' },
});
const stepResult = struct('StepResult', () => ({ name: text, type: text, properties: map(propertySpec), description: text }), {
  always: { name: '' },
});

const container = {
  image: text,
  command: list(text),
  args: list(text),
  workingDir: text,
  envFrom: list(envFromSource),
  env: list(envVar),
  computeResources: resourceRequirements,
  volumeMounts: list(volumeMount),
  volumeDevices: list(volumeDevice),
  imagePullPolicy: text,
  securityContext,
} as const;

const resolverRef = { resolver: text, params } as const;

const step = struct(
  'Step',
  () => ({
    ...container,
    name: text,
    displayName: text,
    script: text,
    timeout: duration,
    workspaces: list(workspaceUsage),
    onError: text,
    stdoutConfig: streamConfig,
    stderrConfig: streamConfig,
    ref: struct('Ref', () => ({ name: text, ...resolverRef })),
    params,
    results: list(stepResult),
    when: list(when, 'v1.StepWhenExpressions'),
  }),
  { always: { name: '', computeResources: {} } },
);

const sidecar = struct(
  'Sidecar',
  () => ({
    ...container,
    name: text,
    ports: list(any),
    livenessProbe: any,
    readinessProbe: any,
    startupProbe: any,
    lifecycle: any,
    terminationMessagePath: text,
    terminationMessagePolicy: text,
    stdin: bool,
    stdinOnce: bool,
    tty: bool,
    script: text,
    workspaces: list(workspaceUsage),
    restartPolicy: text,
  }),
  { always: { name: '', computeResources: {} } },
);

const taskSpecFields: Readonly<Record<string, Shape>> = {
  params: paramSpecs,
  displayName: text,
  description: text,
  steps: list(step),
  volumes: list(volume, 'v1.Volumes'),
  stepTemplate: struct('StepTemplate', () => container, { always: { computeResources: {} } }),
  sidecars: list(sidecar),
  workspaces: list(
    struct('WorkspaceDeclaration', () => ({ name: text, description: text, mountPath: text, readOnly: bool, optional: bool }), {
      always: { name: '' },
    }),
  ),
  results: list(taskResult),
};

const taskSpec = struct('TaskSpec', () => taskSpecFields);
const metadata = struct('PipelineTaskMetadata', () => ({ labels: map(text), annotations: map(text) }));

const embeddedTask = struct('EmbeddedTask', () => ({ ...typeMeta, ...taskSpecFields, spec: any, metadata }), {
  always: { metadata: {}, spec: null },
  embedded: {
    ...Object.fromEntries(Object.keys(taskSpecFields).map((name) => [name, 'TaskSpec'])),
    apiVersion: 'TypeMeta',
    kind: 'TypeMeta',
  },
});

const taskRef = struct('TaskRef', () => ({ name: text, kind: text, apiVersion: text, ...resolverRef }));
const pipelineRef = struct('PipelineRef', () => ({ name: text, apiVersion: text, ...resolverRef }));

const pipelineTask: StructShape = struct(
  'PipelineTask',
  () => ({
    name: text,
    displayName: text,
    description: text,
    taskRef,
    taskSpec: embeddedTask,
    when: whens,
    retries: int,
    runAfter: list(text),
    params,
    matrix: struct('Matrix', () => ({
      params,
      include: list(
        struct('IncludeParams', () => ({ name: text, params, when: whens })),
        'v1.IncludeParamsList',
      ),
    })),
    workspaces: list(
      struct('WorkspacePipelineTaskBinding', () => ({ name: text, workspace: text, subPath: text }), { always: { name: '' } }),
    ),
    timeout: duration,
    pipelineRef,
    pipelineSpec,
    onError: text,
  }),
  { opaque: ['taskSpec', 'pipelineSpec'] },
);

const pipelineSpec: StructShape = struct('PipelineSpec', () => ({
  displayName: text,
  description: text,
  tasks: list(pipelineTask),
  params: paramSpecs,
  workspaces: list(
    struct('PipelineWorkspaceDeclaration', () => ({ name: text, description: text, optional: bool }), { always: { name: '' } }),
  ),
  results: list(
    struct('PipelineResult', () => ({ name: text, type: text, description: text, value }), {
      always: { name: '', description: '' },
      valued: ['value'],
    }),
  ),
  finally: list(pipelineTask),
}));

const workspaceBinding = struct(
  'WorkspaceBinding',
  () => ({
    name: text,
    subPath: text,
    volumeClaimTemplate: persistentVolumeClaim,
    persistentVolumeClaim: claimVolume,
    emptyDir,
    configMap: configMapVolume,
    secret: secretVolume,
    projected: projectedVolume,
    csi: csiVolume,
  }),
  { always: { name: '' } },
);

const stepSpecs = list(
  struct('TaskRunStepSpec', () => ({ name: text, computeResources: resourceRequirements }), { always: { name: '', computeResources: {} } }),
);
const sidecarSpecs = list(
  struct('TaskRunSidecarSpec', () => ({ name: text, computeResources: resourceRequirements }), {
    always: { name: '', computeResources: {} },
  }),
);

const taskRunSpec = struct(
  'TaskRunSpec',
  () => ({
    debug: struct('TaskRunDebug', () => ({
      breakpoints: struct('TaskBreakpoints', () => ({ onFailure: text, beforeSteps: list(text) })),
    })),
    params,
    serviceAccountName: text,
    taskRef,
    taskSpec,
    status: text,
    statusMessage: text,
    retries: int,
    timeout: duration,
    podTemplate,
    workspaces: list(workspaceBinding),
    stepSpecs,
    sidecarSpecs,
    computeResources: resourceRequirements,
    managedBy: textPointer,
  }),
  { opaque: ['taskSpec'] },
);

const pipelineTaskRunSpec = struct('PipelineTaskRunSpec', () => ({
  pipelineTaskName: text,
  serviceAccountName: text,
  podTemplate,
  stepSpecs,
  sidecarSpecs,
  metadata,
  computeResources: resourceRequirements,
  timeout: duration,
}));

const pipelineRunSpec = struct(
  'PipelineRunSpec',
  () => ({
    pipelineRef,
    pipelineSpec,
    params,
    status: text,
    timeouts: struct('TimeoutFields', () => ({ pipeline: duration, tasks: duration, finally: duration })),
    taskRunTemplate: struct('PipelineTaskRunTemplate', () => ({ podTemplate, serviceAccountName: text })),
    workspaces: list(workspaceBinding),
    taskRunSpecs: list(pipelineTaskRunSpec),
    managedBy: textPointer,
  }),
  { opaque: ['pipelineSpec'], always: { taskRunTemplate: {} } },
);

const stepActionSpec = struct(
  'StepActionSpec',
  () => ({
    description: text,
    image: text,
    command: list(text),
    args: list(text),
    env: list(envVar),
    script: text,
    workingDir: text,
    params: paramSpecs,
    results: list(stepResult),
    securityContext,
    volumeMounts: list(volumeMount),
  }),
  { go: 'v1beta1.StepActionSpec' },
);

const top = (name: string, spec: StructShape, extra: Readonly<Record<string, Shape>> = {}): StructShape =>
  struct(name, () => ({ ...typeMeta, metadata: objectMeta, spec, ...extra }));

/** The kinds that Tekton's webhook reads, by kind. */
export const kinds: Readonly<Record<string, StructShape>> = {
  Task: top('Task', taskSpec),
  TaskRun: top('TaskRun', taskRunSpec, { status: any }),
  Pipeline: top('Pipeline', pipelineSpec),
  PipelineRun: top('PipelineRun', pipelineRunSpec, { status: any }),
  StepAction: top('StepAction', stepActionSpec),
};
