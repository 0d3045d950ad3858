import { createHash } from 'node:crypto';
import type { PipelineTask } from '../model/pipeline.ts';
import type { PipelineRun, WorkspaceBinding } from '../model/runs.ts';
import type { TaskSpec } from '../model/task.ts';
import { replaceText, type Replacements } from '../variables/replacements.ts';

/**
 * The name of the claim that a volumeClaimTemplate makes: the template's name, or `pvc`, and ten digits of the SHA-256
 * of the workspace's name and the owner's UID, so that every task of a run comes to the same one.
 */
export function claimName(binding: WorkspaceBinding, ownerUid: string): string {
  const hash = createHash('sha256').update(binding.name).update(ownerUid).digest('hex').slice(0, 10);
  const name = binding.volumeClaimTemplate?.metadata?.name;
  return name === undefined || name === '' ? `pvc-${hash}` : `${name}-${hash}`;
}

/** Variables in a binding: in every text but its name. */
export function replaceInBinding(binding: WorkspaceBinding, replacements: Replacements): WorkspaceBinding {
  const { name, volumeClaimTemplate, ...rest } = binding;
  const replaced = deep(rest, replacements) as Omit<WorkspaceBinding, 'name'>;
  return { name, ...replaced, ...(volumeClaimTemplate === undefined ? {} : { volumeClaimTemplate }) };
}

function deep(value: unknown, replacements: Replacements): unknown {
  if (typeof value === 'string') return replaceText(value, replacements);
  if (Array.isArray(value)) return value.map((item) => deep(item, replacements));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, deep(member, replacements)]));
  }
  return value;
}

/**
 * Workspaces of the run that an inline task uses without declaring them ("propagated workspaces"), sorted; the task is
 * then bound to them by their own name.
 */
export function propagated(task: PipelineTask, run: PipelineRun): PipelineTask {
  if (task.taskSpec === undefined) return task;
  const bound = new Set((task.workspaces ?? []).map(({ name }) => name));
  const offered = new Set((run.spec.workspaces ?? []).map(({ name }) => name));
  const used = usedWorkspaces(task.taskSpec).filter((name) => offered.has(name) && !bound.has(name));
  return used.length === 0
    ? task
    : { ...task, workspaces: [...(task.workspaces ?? []), ...used.map((name) => ({ name, workspace: name }))] };
}

/** Names in `$(workspaces.NAME.…)` anywhere in a spec, sorted. */
export function usedWorkspaces(spec: TaskSpec): string[] {
  const found = JSON.stringify(spec).matchAll(/\$\(workspaces\.([^.)"\\]{1,253})\.[a-z]{1,16}\)/g);
  return [...new Set([...found].map(([, name]) => name as string))].sort();
}

/** The bindings of a task's TaskRun, or the name of a workspace that the run does not give and the task needs. */
export function taskBindings(
  run: PipelineRun,
  task: PipelineTask,
  spec: TaskSpec,
  replacements: Replacements,
): { bindings: WorkspaceBinding[] } | { missing: string } {
  const offered = new Map((run.spec.workspaces ?? []).map((binding) => [binding.name, binding]));
  const optional = new Set((spec.workspaces ?? []).filter((declared) => declared.optional === true).map(({ name }) => name));
  const bindings: WorkspaceBinding[] = [];
  for (const { name, workspace, subPath } of task.workspaces ?? []) {
    const wanted = (workspace ?? '') === '' ? name : (workspace as string);
    const binding = offered.get(wanted);
    if (binding === undefined) {
      if (!optional.has(name)) return { missing: wanted };
      continue;
    }
    bindings.push(bind(replaceInBinding(binding, replacements), name, subPath, run.metadata.uid ?? ''));
  }
  return { bindings };
}

function bind(binding: WorkspaceBinding, name: string, taskPath: string | undefined, ownerUid: string): WorkspaceBinding {
  const parts = [binding.subPath, taskPath].filter((part): part is string => part !== undefined && part !== '');
  const { volumeClaimTemplate, subPath: _dropped, ...rest } = binding;
  const out: WorkspaceBinding = { ...rest, name };
  if (parts.length > 0) out.subPath = parts.join('/');
  if (volumeClaimTemplate !== undefined) out.persistentVolumeClaim = { claimName: claimName(binding, ownerUid) };
  return out;
}
