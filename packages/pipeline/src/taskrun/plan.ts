import type { TaskRun } from '../model/runs.ts';
import type { ParamType } from '../model/value.ts';
import type { TaskSpec, Volume, WorkspaceDeclaration } from '../model/task.ts';
import { replaceInBinding } from '../pipelinerun/workspaces.ts';
import { milliseconds } from '../text/duration.ts';
import { defaultGates, type Gates } from '../validate/gates.ts';
import { declarationsOf, taskRunProblem, type TaskRunFailure } from './check.ts';
import { stepPlans, type StepPlan } from './step-plan.ts';
import { substituteTaskSpec, taskParams } from './substitute.ts';

export interface TaskRunPlan {
  /** The spec with everything put in: `status.taskSpec`. */
  readonly spec: TaskSpec;
  readonly steps: readonly StepPlan[];
  /** The run's workspaces, bindings with variables put in. */
  readonly workspaces: readonly {
    readonly declaration: WorkspaceDeclaration;
    readonly binding: NonNullable<TaskRun['spec']['workspaces']>[number];
  }[];
  readonly volumes: readonly Volume[];
  readonly results: readonly { readonly name: string; readonly type: ParamType }[];
  /** Absent: no limit. */
  readonly timeoutMilliseconds?: number;
}

/**
 * What a TaskRun runs: pure, from the run and its Task. `task.name` is the Task's name, or the run's for an inline spec.
 * Gives Tekton's reason and words where the run cannot start.
 */
export function planTaskRun(
  run: TaskRun,
  task: { readonly name: string; readonly spec: TaskSpec },
  options: { readonly gates?: Gates } = {},
): TaskRunPlan | { readonly failure: TaskRunFailure } {
  const declarations = declarationsOf(run, task.spec);
  const failure = taskRunProblem(run, task.name, task.spec, declarations, options.gates ?? defaultGates);
  if (failure !== undefined) return { failure };
  const params = taskParams(run, task.spec);
  const bindings = (run.spec.workspaces ?? []).map((binding) => replaceInBinding(binding, params));
  const bound: TaskRun = { ...run, spec: { ...run.spec, workspaces: bindings } };
  const spec = substituteTaskSpec(bound, task.name, task.spec, declarations);
  const mounted = new Map((spec.workspaces ?? []).map((declaration) => [declaration.name, declaration]));
  const settled = declarations.map((declaration) => mounted.get(declaration.name) ?? declaration);
  const byName = new Map(bindings.map((binding) => [binding.name, binding]));
  const limit = run.spec.timeout === undefined ? 0 : milliseconds(run.spec.timeout);
  return {
    spec,
    steps: stepPlans(bound, spec, settled),
    workspaces: settled.flatMap((declaration) => {
      const binding = byName.get(declaration.name);
      return binding === undefined ? [] : [{ declaration, binding }];
    }),
    volumes: spec.volumes ?? [],
    results: (spec.results ?? []).map(({ name, type }) => ({ name, type: type ?? 'string' })),
    ...(limit === 0 ? {} : { timeoutMilliseconds: limit }),
  };
}
