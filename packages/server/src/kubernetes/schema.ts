import type { ResourceType } from '@colophon/store';
import { apiVersionOf } from './synthetic.ts';

type Field = readonly [name: string, type: 'string' | 'integer' | 'object' | 'list', description: string];

const run: readonly Field[] = [
  ['params', 'list', 'Values of the parameters that the definition declares.'],
  ['status', 'string', 'Set to cancel the run.'],
  ['workspaces', 'list', 'What the declared workspaces are bound to: emptyDir, volumeClaimTemplate, configMap, secret, csi.'],
];
const steps: readonly Field[] = [
  ['params', 'list', 'Parameters: name, type (string, array, object), default.'],
  ['description', 'string', 'What it is for.'],
  ['workspaces', 'list', 'Workspaces that it needs.'],
  ['results', 'list', 'Results that it gives.'],
];

/** The fields of `spec`, for `kubectl explain`. Admission knows them exactly; this only helps people to write them. */
const specs: Readonly<Record<string, readonly Field[]>> = {
  'tasks.tekton.dev': [
    ...steps,
    ['steps', 'list', 'Containers that run one after another: image, script or command and args, env, workingDir, onError, timeout.'],
    ['stepTemplate', 'object', 'What all steps have in common.'],
    ['sidecars', 'list', 'Containers beside the steps.'],
    ['volumes', 'list', 'Volumes that steps mount.'],
  ],
  'taskruns.tekton.dev': [
    ...run,
    ['taskRef', 'object', 'The Task to run, by name.'],
    ['taskSpec', 'object', 'The Task to run, in place.'],
    ['retries', 'integer', 'How often a failed attempt is tried again.'],
    ['timeout', 'string', 'A duration such as 1h30m; 0 for none.'],
    ['serviceAccountName', 'string', 'Kept for a cluster; it has no effect here.'],
  ],
  'pipelines.tekton.dev': [
    ...steps,
    ['tasks', 'list', 'Tasks: name, taskRef or taskSpec, params, runAfter, when, retries, timeout, workspaces, matrix.'],
    ['finally', 'list', 'Tasks that run at the end, however it ends.'],
  ],
  'pipelineruns.tekton.dev': [
    ...run,
    ['pipelineRef', 'object', 'The Pipeline to run, by name.'],
    ['pipelineSpec', 'object', 'The Pipeline to run, in place.'],
    ['timeouts', 'object', 'Durations: pipeline, tasks, finally.'],
    ['taskRunTemplate', 'object', 'What all TaskRuns of the run have in common.'],
    ['taskRunSpecs', 'list', 'What single TaskRuns of the run have.'],
  ],
};

const about: Readonly<Record<string, string>> = {
  'tasks.tekton.dev': 'Task: steps that run in containers, one after another.',
  'taskruns.tekton.dev': 'TaskRun: one run of a Task.',
  'pipelines.tekton.dev': 'Pipeline: tasks and the order in which they run.',
  'pipelineruns.tekton.dev': 'PipelineRun: one run of a Pipeline.',
};

/** An OpenAPI v3 schema of a kind; fields that it does not name are allowed. */
export function schemaOf(type: ResourceType): object {
  const key = `${type.resource}.${type.group}`;
  const fields = specs[key];
  const data = { type: 'object', additionalProperties: { type: 'string', default: '' }, description: 'Values by key.' };
  const content: Record<string, object> =
    type.group === '' && (type.resource === 'configmaps' || type.resource === 'secrets')
      ? { data }
      : {
          spec: {
            type: 'object',
            description: `What is wanted of the ${type.kind}.`,
            'x-kubernetes-preserve-unknown-fields': true,
            ...(fields === undefined ? {} : { properties: Object.fromEntries(fields.map(property)) }),
          },
          status: { type: 'object', description: `What was observed of the ${type.kind}.`, 'x-kubernetes-preserve-unknown-fields': true },
        };
  return {
    type: 'object',
    description: about[key] ?? `${type.kind} of ${apiVersionOf(type)}.`,
    'x-kubernetes-preserve-unknown-fields': true,
    properties: {
      apiVersion: { type: 'string', description: apiVersionOf(type) },
      kind: { type: 'string', description: type.kind },
      metadata: { type: 'object', description: "Standard object's metadata: name, namespace, labels, annotations." },
      ...content,
    },
  };
}

function property([name, type, description]: Field): [string, object] {
  if (type !== 'list') return [name, { type, description, ...(type === 'object' ? { 'x-kubernetes-preserve-unknown-fields': true } : {}) }];
  return [name, { type: 'array', description, items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }];
}
