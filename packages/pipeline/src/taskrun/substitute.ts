import type { TaskRun, WorkspaceBinding } from '../model/runs.ts';
import type { TaskSpec, WorkspaceDeclaration } from '../model/task.ts';
import { alsoAs, defaultsOf, fromParams, stringsOnly, type Replacements } from '../variables/replacements.ts';
import { replaceInStep, replaceInTaskSpec } from '../variables/task-spec.ts';
import { mountPathOf } from '../validate/workspaces.ts';
import { stepContainer } from './names.ts';

/** Where a step finds what Tekton promises it (docs/developers/README.md, "Reserved directories"). */
export const tektonPaths = {
  results: '/tekton/results',
  steps: '/tekton/steps',
  credentials: '/tekton/creds',
} as const;

/** The params of a TaskRun and the defaults of its Task. */
export function taskParams(run: TaskRun, spec: TaskSpec): Replacements {
  return alsoAs('inputs', fromParams([...defaultsOf(spec.params), ...(run.spec.params ?? [])]));
}

/**
 * A task's spec as its steps are run: params, contexts, paths of results, exit codes, credentials and workspaces put in,
 * in Tekton's order. It is what `status.taskSpec` shows.
 */
export function substituteTaskSpec(
  run: TaskRun,
  taskName: string,
  spec: TaskSpec,
  declarations: readonly WorkspaceDeclaration[],
): TaskSpec {
  let out = replaceInTaskSpec(declarations.length === 0 ? spec : { ...spec, workspaces: [...declarations] }, taskParams(run, spec));
  out = replaceInTaskSpec(out, context(run, taskName));
  out = replaceInTaskSpec(out, paths(out));
  out = withWorkspaces(out, declarations, run.spec.workspaces ?? []);
  return replaceInTaskSpec(out, stringsOnly([['credentials.path', tektonPaths.credentials]]));
}

function context(run: TaskRun, taskName: string): Replacements {
  const { name, namespace = '', uid = '' } = run.metadata;
  return stringsOnly([
    ['context.taskRun.name', name],
    ['context.task.name', taskName],
    ['context.taskRun.namespace', namespace],
    ['context.taskRun.uid', uid],
    ['context.task.retry-count', String(run.status?.retriesStatus?.length ?? 0)],
  ]);
}

function paths(spec: TaskSpec): Replacements {
  const exitCodes = (spec.steps ?? []).map((step, index): [string, string] => {
    const container = stepContainer(step.name, index);
    return [`steps.${container}.exitCode.path`, `${tektonPaths.steps}/${container}/exitCode`];
  });
  const results = (spec.results ?? []).flatMap(({ name }) =>
    [`results.${name}.path`, `results["${name}"].path`, `results['${name}'].path`].map((key): [string, string] => [
      key,
      `${tektonPaths.results}/${name}`,
    ]),
  );
  return stringsOnly([...exitCodes, ...results]);
}

function withWorkspaces(spec: TaskSpec, declarations: readonly WorkspaceDeclaration[], bindings: readonly WorkspaceBinding[]): TaskSpec {
  const bound = new Map(bindings.map((binding) => [binding.name, binding]));
  const strings: [string, string][] = [];
  let out = spec;
  for (const declaration of declarations) {
    const { name } = declaration;
    const present = bound.has(name) || declaration.optional !== true;
    strings.push([`workspaces.${name}.bound`, String(present)]);
    strings.push([`workspaces.${name}.path`, present ? mountPathOf(declaration) : '']);
    strings.push([`workspaces.${name}.claim`, bound.get(name)?.persistentVolumeClaim?.claimName ?? '']);
    strings.push([`workspaces.${name}.volume`, bound.has(name) ? `ws-${name}` : '']);
    // A step that mounts the workspace elsewhere sees its own path.
    out = {
      ...out,
      steps: (out.steps ?? []).map((step) => {
        const own = step.workspaces?.find((usage) => usage.name === name && (usage.mountPath ?? '') !== '');
        return own === undefined ? step : replaceInStep(step, stringsOnly([[`workspaces.${name}.path`, own.mountPath as string]]));
      }),
    };
  }
  return replaceInTaskSpec(out, stringsOnly(strings));
}
