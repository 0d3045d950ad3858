import type { TaskRun, WorkspaceBinding } from '../model/runs.ts';
import type { TaskSpec, WorkspaceDeclaration } from '../model/task.ts';
import { defaultGates, type Gates } from '../validate/gates.ts';
import { taskSpec as specRules } from '../validate/task.ts';
import { indexProblem, taskParamsProblem } from './params.ts';

export interface TaskRunFailure {
  readonly reason: string;
  readonly message: string;
}

/** What Tekton checks when a TaskRun starts, in its words. `declarations` are the task's workspaces with propagated ones. */
export function taskRunProblem(
  run: TaskRun,
  taskName: string,
  spec: TaskSpec,
  declarations: readonly WorkspaceDeclaration[],
  gates: Gates = defaultGates,
): TaskRunFailure | undefined {
  if (run.spec.taskSpec === undefined) {
    const errors = specRules(spec, gates);
    if (!errors.empty) return { reason: 'TaskValidationFailed', message: `[User error] ${errors.toString()}` };
  }
  const validation = (message: string): TaskRunFailure => ({ reason: 'TaskRunValidationFailed', message: `[User error] ${message}` });
  const params = taskParamsProblem(spec, run.spec.params ?? []);
  if (params !== undefined) return validation(`invalid input params for task ${taskName}: ${params}`);
  const index = indexProblem(spec, run.spec.params ?? []);
  if (index !== undefined) return validation(index);
  const workspace = workspaceProblem(declarations, run.spec.workspaces ?? []);
  return workspace === undefined ? undefined : validation(workspace);
}

function workspaceProblem(declarations: readonly WorkspaceDeclaration[], bindings: readonly WorkspaceBinding[]): string | undefined {
  const bound = new Set(bindings.map(({ name }) => name));
  const declared = new Set(declarations.map(({ name }) => name));
  const unbound = declarations.find(({ name, optional }) => optional !== true && !bound.has(name));
  if (unbound !== undefined) return `declared workspace "${unbound.name}" is required but has not been bound`;
  const stray = bindings.find(({ name }) => !declared.has(name));
  return stray === undefined ? undefined : `workspace binding "${stray.name}" does not match any declared workspace`;
}

/** The workspaces of a task; an inline task has every workspace that its run binds, declared or not. */
export function declarationsOf(run: TaskRun, spec: TaskSpec): WorkspaceDeclaration[] {
  const declared = spec.workspaces ?? [];
  if (run.spec.taskSpec === undefined) return [...declared];
  const known = new Set(declared.map(({ name }) => name));
  return [...declared, ...(run.spec.workspaces ?? []).filter(({ name }) => !known.has(name)).map(({ name }) => ({ name }))];
}
