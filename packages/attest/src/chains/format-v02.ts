import { predicateTypes, statementTypes, type InTotoStatement } from '../statement/types.ts';
import type { ChainsConfig } from './config.ts';
import { invocation, metadata, stepAttestation } from './invocation.ts';
import { hintedPipelineMaterials, hintedTaskMaterials, imageMaterials, sourceMaterial } from './materials.ts';
import { merge, type Named } from './merge.ts';
import { executedTasks, type PipelineRunFamily, type PipelineTask, type Run, type TaskRun } from './objects.ts';
import { resultReferences } from './references.ts';
import { hintedSubjects, pipelineSubjects, subjectMember } from './subjects.ts';

/** Formats `in-toto` and `slsa/v1`: Statement v0.1 with SLSA provenance v0.2. */
export function taskRunV02(run: TaskRun, config: ChainsConfig): InTotoStatement {
  const materials = merge(imageMaterials(run), hintedTaskMaterials(run));
  const { steps = [], taskSpec } = run.status ?? {};
  const buildConfig = {
    steps: steps.map((state) => stepAttestation(taskSpec?.steps?.find(({ name = '' }) => name === state.name) ?? {}, state)),
  };
  return statement(run, config, { materials, buildConfig, subjects: hintedSubjects(run.status?.results), params: taskSpec?.params });
}

export function pipelineRunV02(family: PipelineRunFamily, config: ChainsConfig): InTotoStatement {
  const { run } = family;
  const tasks = executedTasks(family);
  let materials = merge([], sourceMaterial(run.status?.provenance?.refSource));
  for (const child of tasks.flatMap(({ taskRuns }) => taskRuns)) {
    materials = merge(materials, imageMaterials(child));
    materials = merge(materials, sourceMaterial(child.status?.provenance?.refSource));
  }
  materials = merge(materials, hintedPipelineMaterials(family, config.deepInspection));
  return statement(run, config, {
    materials,
    buildConfig: pipelineBuildConfig(family),
    subjects: pipelineSubjects(family, config.deepInspection),
    params: run.status?.pipelineSpec?.params,
  });
}

interface Parts {
  readonly materials: readonly Named[];
  readonly buildConfig: unknown;
  readonly subjects: readonly Named[];
  readonly params: Parameters<typeof invocation>[1];
}

function statement(run: Run, { builderId }: ChainsConfig, { materials, buildConfig, subjects, params }: Parts): InTotoStatement {
  return {
    _type: statementTypes.v01,
    predicateType: predicateTypes.slsaV02,
    ...subjectMember(subjects),
    predicate: {
      builder: { id: builderId },
      buildType: `${run.apiVersion}/${run.kind}`,
      invocation: invocation(run, params),
      buildConfig,
      metadata: metadata(run),
      ...(materials.length === 0 ? {} : { materials: materials.map(({ name, digest }) => ({ uri: name, digest })) }),
    },
  };
}

function pipelineBuildConfig(family: PipelineRunFamily): { tasks: unknown[] | null } {
  if (family.run.status?.pipelineSpec === undefined) return { tasks: null };
  const tasks: unknown[] = [];
  let last: string | undefined;
  for (const { task, isFinally, taskRuns } of executedTasks(family)) {
    for (const child of taskRuns) {
      const steps = stepsOf(child);
      if (steps === undefined) continue;
      const after = [...new Set([...(task.runAfter ?? []), ...resultReferences(task)])];
      if (after.length === 0 && isFinally && last !== undefined) after.push(last);
      tasks.push(taskAttestation(family, task, child, after, steps));
    }
    if (!isFinally && taskRuns.length > 0) last = task.name;
  }
  return { tasks };
}

/** Undefined where the steps that ran do not match the steps of the definition: Chains leaves the TaskRun out. */
function stepsOf({ status }: TaskRun): unknown[] | undefined {
  const declared = status?.taskSpec?.steps;
  const states = status?.steps ?? [];
  if (declared === undefined || declared.length !== states.length) return undefined;
  const mismatch = declared.some((step, index) => states[index]?.name?.startsWith('unnamed-') === true && (step.name ?? '') !== '');
  return mismatch ? undefined : declared.map((step, index) => stepAttestation(step, states[index] ?? {}));
}

function taskAttestation(
  { run }: PipelineRunFamily,
  task: PipelineTask,
  child: TaskRun,
  after: readonly string[],
  steps: readonly unknown[],
): Record<string, unknown> {
  const { startTime, completionTime, conditions, results = [], taskSpec } = child.status ?? {};
  const account = run.spec?.taskRunTemplate?.serviceAccountName ?? '';
  const status = { True: 'Succeeded', False: 'Failed', Unknown: 'Running' }[conditions?.[0]?.status ?? ''];
  return {
    name: task.name,
    ...(after.length === 0 ? {} : { after }),
    ref: task.taskRef ?? {},
    startedOn: startTime,
    finishedOn: completionTime,
    ...(account === '' ? {} : { serviceAccountName: account }),
    ...(status === undefined ? {} : { status }),
    ...(steps.length === 0 ? {} : { steps }),
    invocation: invocation(child, taskSpec?.params),
    ...(results.length === 0 ? {} : { results }),
  };
}
