import type { Step, StepTemplate, TaskSpec } from '../model/task.ts';

/**
 * The steps of a task with its stepTemplate merged in: the step's own value wins, maps are joined key by key, `env` and
 * mounts by their name; lists without names (command, args) are replaced whole (Tekton: docs/tasks.md,
 * "Specifying a Step template"; a strategic merge of containers).
 */
export function mergeStepTemplate(spec: TaskSpec): Step[] {
  const template = spec.stepTemplate;
  const steps = spec.steps ?? [];
  if (template === undefined) return steps;
  return steps.map((step) => (step.ref === undefined ? merge(template, step) : step));
}

function merge(template: StepTemplate, step: Step): Step {
  const merged: Step = { ...template, ...step };
  const env = byKey(template.env, step.env, ({ name }) => name);
  const mounts = byKey(template.volumeMounts, step.volumeMounts, ({ mountPath }) => mountPath);
  if (env !== undefined) merged.env = env;
  if (mounts !== undefined) merged.volumeMounts = mounts;
  if (template.envFrom !== undefined && step.envFrom === undefined) merged.envFrom = template.envFrom;
  if (template.computeResources !== undefined) merged.computeResources = join(template.computeResources, step.computeResources);
  if (template.securityContext !== undefined) merged.securityContext = join(template.securityContext, step.securityContext);
  return merged;
}

/** The step's items first, in their order, then the template's that have no namesake. */
function byKey<Item>(
  template: readonly Item[] | undefined,
  own: readonly Item[] | undefined,
  key: (item: Item) => string,
): Item[] | undefined {
  if (template === undefined) return own === undefined ? undefined : [...own];
  const mine = new Set((own ?? []).map(key));
  return [...(own ?? []), ...template.filter((item) => !mine.has(key(item)))];
}

function join<Value extends object>(template: Value, own: Value | undefined): Value {
  const out: Record<string, unknown> = { ...(template as Record<string, unknown>) };
  for (const [key, value] of Object.entries(own ?? {})) {
    const below = out[key];
    out[key] = isMap(value) && isMap(below) ? { ...below, ...value } : value;
  }
  return out as Value;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
