import type { TektonObject } from '../admit.ts';
import type { PipelineSpec, PipelineTask } from '../model/pipeline.ts';
import type { PipelineRunSpec, TaskRunSpec } from '../model/runs.ts';
import { isCustom } from '../validate/pipeline-tasks.ts';
import { unsupportedBinding, unsupportedTaskSpec } from './task.ts';
import { at, present, type UnsupportedField } from './fields.ts';

/**
 * Fields of an admitted object that Tekton would run and this version does not: never ignored, always named. What is
 * taken from this list is what a later version runs.
 */
export function unsupported(object: TektonObject): UnsupportedField[] {
  switch (object.kind) {
    case 'Task':
      return unsupportedTaskSpec(object.spec, 'spec');
    case 'Pipeline':
      return unsupportedPipelineSpec(object.spec, 'spec');
    case 'TaskRun':
      return taskRun(object.spec, 'spec');
    case 'PipelineRun':
      return pipelineRun(object.spec, 'spec');
  }
}

export function unsupportedPipelineSpec(spec: PipelineSpec, path: string): UnsupportedField[] {
  return [
    ...(spec.params ?? []).flatMap((param, index) => present(param, ['enum'], `${path}.params[${index}]`, 'param enum')),
    ...(spec.tasks ?? []).flatMap((task, index) => pipelineTask(task, `${path}.tasks[${index}]`)),
    ...(spec.finally ?? []).flatMap((task, index) => pipelineTask(task, `${path}.finally[${index}]`)),
  ];
}

function pipelineTask(task: PipelineTask, path: string): UnsupportedField[] {
  const custom = task.taskRef === undefined ? `${path}.taskSpec` : `${path}.taskRef`;
  return [
    ...present(task, ['matrix'], path, 'matrix'),
    ...present(task, ['pipelineRef', 'pipelineSpec'], path, 'pipelines in pipelines'),
    ...(isCustom(task) ? [at(`${custom}.apiVersion`, 'custom tasks')] : []),
    ...(task.taskRef === undefined ? [] : present(task.taskRef, ['resolver', 'params'], `${path}.taskRef`, 'remote resolution')),
    ...(task.when ?? []).flatMap((when, index) => present(when, ['cel'], `${path}.when[${index}]`, 'CEL')),
    ...(task.taskSpec === undefined || isCustom(task) ? [] : unsupportedTaskSpec(task.taskSpec, `${path}.taskSpec`)),
  ];
}

function taskRun(spec: TaskRunSpec, path: string): UnsupportedField[] {
  return [
    ...present(spec, ['debug'], path, 'breakpoints'),
    ...present(spec, ['sidecarSpecs'], path, 'sidecars'),
    ...(spec.taskRef === undefined ? [] : present(spec.taskRef, ['resolver', 'params'], `${path}.taskRef`, 'remote resolution')),
    ...(spec.taskRef?.apiVersion === undefined || spec.taskRef.apiVersion.startsWith('tekton.dev/')
      ? []
      : [at(`${path}.taskRef.apiVersion`, 'tasks of other API groups')]),
    ...podTemplate(spec.podTemplate, `${path}.podTemplate`),
    ...(spec.taskSpec === undefined ? [] : unsupportedTaskSpec(spec.taskSpec, `${path}.taskSpec`)),
    ...(spec.workspaces ?? []).flatMap((binding, index) => unsupportedBinding(binding, `${path}.workspaces[${index}]`)),
  ];
}

function pipelineRun(spec: PipelineRunSpec, path: string): UnsupportedField[] {
  return [
    ...(spec.pipelineRef === undefined
      ? []
      : present(spec.pipelineRef, ['resolver', 'params'], `${path}.pipelineRef`, 'remote resolution')),
    ...podTemplate(spec.taskRunTemplate?.podTemplate, `${path}.taskRunTemplate.podTemplate`),
    ...(spec.pipelineSpec === undefined ? [] : unsupportedPipelineSpec(spec.pipelineSpec, `${path}.pipelineSpec`)),
    ...(spec.workspaces ?? []).flatMap((binding, index) => unsupportedBinding(binding, `${path}.workspaces[${index}]`)),
    ...(spec.taskRunSpecs ?? []).flatMap((one, index) => [
      ...present(one, ['sidecarSpecs'], `${path}.taskRunSpecs[${index}]`, 'sidecars'),
      ...podTemplate(one.podTemplate, `${path}.taskRunSpecs[${index}].podTemplate`),
    ]),
  ];
}

const podFields = new Set(['securityContext', 'env']);
const podSecurity = new Set(['runAsUser', 'runAsGroup', 'runAsNonRoot']);

function podTemplate(template: Record<string, unknown> | undefined, path: string): UnsupportedField[] {
  const security = (template?.['securityContext'] ?? {}) as Record<string, unknown>;
  return [
    ...Object.keys(template ?? {})
      .filter((key) => !podFields.has(key))
      .map((key) => at(`${path}.${key}`, 'there is no pod')),
    ...Object.keys(security)
      .filter((key) => !podSecurity.has(key))
      .map((key) => at(`${path}.securityContext.${key}`, 'there is no pod')),
  ];
}
